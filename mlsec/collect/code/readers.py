"""The table of readers of code; each takes the files in its languages and leaves the rest."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.infrastructure import INFRASTRUCTURE
from mlsec.collect.code_file import CodeScope, Declared
from mlsec.collect.kubernetes import manifests
from mlsec.collect.launch import Launch
from mlsec.collect.serving.compose import read_containers
from mlsec.collect.serving.environment_files import read_environment_files
from mlsec.collect.serving.reader import read_servers
from mlsec.collect.serving.scripts import read_scripts
from mlsec.core.vocabulary import Vocabulary

Reader = Callable[[CodeScope, Vocabulary], Declared]

# In this order; what starts processes gives launches, which are read after all of them.
READERS: tuple[Reader, ...] = (
    read_containers,
    read_scripts,
    read_environment_files,
    manifests.read,
    *INFRASTRUCTURE,
)


def read_launches(
    scope: CodeScope, vocabulary: Vocabulary, launches: tuple[Launch, ...]
) -> Declared:
    """Give the servers among the processes that the code starts."""
    return read_servers(scope, vocabulary, launches)

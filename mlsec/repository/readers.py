"""The table of readers of code; each takes the files in its languages and leaves the rest."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.code_file import CodeScope, Declared, Language
from mlsec.collect.code.launch import Launch
from mlsec.repository.infrastructure import INFRASTRUCTURE
from mlsec.repository.other_tools import refuse_other_tools
from mlsec.vocabulary.types import Vocabulary

Reader = Callable[[CodeScope, Vocabulary], Declared]


def _containers(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.COMPOSE, Language.DOCKERFILE):
        return Declared()
    from mlsec.servers.compose import compose  # noqa: PLC0415 - only where there is such code

    return compose.read_containers(scope, vocabulary)


def _scripts(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.SHELL, Language.UNIT, Language.PROCFILE):
        return Declared()
    from mlsec.servers import scripts  # noqa: PLC0415 - only where there are scripts

    return scripts.read_scripts(scope, vocabulary)


def _environment_files(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.ENVIRONMENT):
        return Declared()
    from mlsec.servers.config import environment_files as files  # noqa: PLC0415 - as above

    return files.read_environment_files(scope, vocabulary)


def _manifests(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.KUBERNETES, Language.HELM_TEMPLATE, Language.KUSTOMIZATION):
        return Declared()
    from mlsec.providers.kubernetes.manifests import manifests  # noqa: PLC0415 - only where there are manifests

    return manifests.read(scope, vocabulary)


# In this order; what starts processes gives launches, which are read after all of them.
READERS: tuple[Reader, ...] = (
    _containers,
    _scripts,
    _environment_files,
    _manifests,
    *INFRASTRUCTURE,
    refuse_other_tools,
)


def read_launches(
    scope: CodeScope, vocabulary: Vocabulary, launches: tuple[Launch, ...]
) -> Declared:
    """Give the servers among the processes that the code starts, and those of settings alone."""
    if not launches and not scope.written_in(Language.SERVER_CONFIG):
        return Declared()
    from mlsec.servers.reader import read_servers  # noqa: PLC0415 - as above

    return read_servers(scope, vocabulary, launches)

"""The table of readers of code; each takes the files in its languages and leaves the rest."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.collect.code.code_file import CodeScope, Declared, Language
from mlsec.collect.code.launch import Launch
from mlsec.repository.infrastructure import INFRASTRUCTURE
from mlsec.repository.other_tools import refuse_other_tools
from mlsec.vocabulary.types import Vocabulary

MANIFESTS = (
    Language.KUBERNETES, Language.HELM_CHART, Language.HELM_TEMPLATE, Language.KUSTOMIZATION,
)  # fmt: skip
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


def _mcp(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.MCP):
        return Declared()
    from mlsec.servers.mcp import reader as mcp  # noqa: PLC0415 - only where there are such settings

    return mcp.read_mcp(scope, vocabulary)


def _packages(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.MODEL_PACKAGE):
        return Declared()
    from mlsec.servers.packages import reader as packages  # noqa: PLC0415 - as above

    return packages.read_packages(scope, vocabulary)


def _workflows(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.written_in(Language.WORKFLOW):
        return Declared()
    from mlsec.servers.workflows import reader as workflows  # noqa: PLC0415 - as above

    return workflows.read_workflows(scope, vocabulary)


def _manifests(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    if not scope.objects and not scope.written_in(*MANIFESTS):
        return Declared()
    from mlsec.providers.kubernetes.manifests import manifests  # noqa: PLC0415 - only where there are manifests

    return manifests.read(scope, vocabulary)


# In this order: infrastructure may declare objects of a cluster; what starts processes gives
# launches, which are read after all of them.
READERS: tuple[Reader, ...] = (
    _containers,
    _scripts,
    _environment_files,
    _mcp,
    _packages,
    _workflows,
    *INFRASTRUCTURE,
    _manifests,
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

"""Configuration files that no launch of the target reads: each is a server of its own."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
from mlsec.core.enums import GapReason
from mlsec.servers.config.config_kinds import product_of_config
from mlsec.servers.unknown_value import is_refused_as_too_long


def config_launches(scope: CodeScope, already_read: set[str]) -> Iterator[Launch]:
    """Yield a launch for each configuration file that was not read with another.

    The command line and the environment that go with it are not known.
    """
    for file in scope.written_in(Language.SERVER_CONFIG):
        scope.take(file)
        if file.id in already_read or is_refused_as_too_long(scope, file):
            continue
        command = product_of_config(file)
        if command is None:
            scope.refuse(file, "no product's configuration", reason=GapReason.UNSUPPORTED)
            continue
        yield _launch(scope, file, command)


def _launch(scope: CodeScope, file: CodeFile, command: str) -> Launch:
    return Launch(
        id=file.id,
        scope=scope.name,
        file=file.shown,
        line=1,
        name=file.shown,
        kind="config",
        argv=tuple(Node(word) for word in command.split()),
    )

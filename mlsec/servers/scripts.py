"""Shell scripts, units of systemd and Procfiles: the commands in them that may start a server."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
from mlsec.servers.config.dotenv import parse_environment
from mlsec.servers.external_env import ExternalEnvironment
from mlsec.servers.images.image_build import repository_of
from mlsec.servers.products.table import PRODUCTS, products_started_by
from mlsec.servers.shell.commands import commands_of
from mlsec.servers.shell.growth import tell_in
from mlsec.servers.shell.heredocs import without_heredocs
from mlsec.servers.shell.shell import Shell
from mlsec.servers.shell.shell_tokens import Command, split_commands
from mlsec.servers.unknown_value import is_refused_as_too_long
from mlsec.vocabulary.types import Vocabulary

_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.S)
_PROC = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
_UNIT_KEY = re.compile(r"\s*([A-Za-z]+)\s*=\s*(.*)")
_ENGINES = ("docker", "podman", "nerdctl", "kubectl")
_PREFIX = "-@:+!"


def read_scripts(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give the launches of what these files start; a command that is not a server's is none."""
    del vocabulary
    launches: list[Launch] = []
    for file in scope.written_in(Language.SHELL, Language.UNIT, Language.PROCFILE):
        scope.take(file)
        if is_refused_as_too_long(scope, file):
            continue
        match file.language:
            case Language.UNIT:
                launches += _of_unit(scope, file)
            case Language.PROCFILE:
                launches += _of_procfile(scope, file)
            case _:
                launches += _of_script(scope, file)
    return Declared(launches=tuple(launches))


def _of_script(scope: CodeScope, file: CodeFile) -> Iterator[Launch]:
    text = without_heredocs(file.text)
    tell = tell_in(scope, file)
    first = Shell(lambda _: None, lambda path: _sourced(scope, file, path), tell)
    doubts: list[tuple[str, int]] = []
    starts = False
    for command in first.commands(text):
        if _may_start_a_server(command, file):
            starts = True
        elif image := _server_image(command):
            what = f"it runs a container of {image}, whose settings are not read from a script"
            doubts.append((what, command[0].line))
    for what, line in doubts:
        scope.doubt(file, what, line=line)
    if not starts:
        return
    # Only now does it matter who else sets what the script has a default for.
    outside = ExternalEnvironment(scope, file)
    shell = Shell(outside.lookup, lambda path: _sourced(scope, file, path), tell)
    seen = 0
    for command in shell.commands(text):
        if _may_start_a_server(command, file):
            seen += 1
            yield _launch(scope, file, command, shell.exported, f"{file.id}#{seen}", "shell")


def _sourced(scope: CodeScope, file: CodeFile, path: str) -> Mapping[str, Node] | None:
    """Give what a file sets that a script takes in; None where it is not in the target."""
    name = path.removeprefix("./")
    folder = posixpath.dirname(file.path)
    wanted = (posixpath.normpath(posixpath.join(folder, name)), posixpath.normpath(name))
    result = next((item for item in scope.files if item.path in wanted), None)
    if result is None:
        return None
    if result.language is Language.ENVIRONMENT:
        return parse_environment(result.text, result.shown, tell_in(scope, result))
    shell = Shell(lambda _: None, tell=tell_in(scope, result))
    for _ in shell.commands(without_heredocs(result.text)):
        pass
    return dict(shell.known)


def _server_image(command: Command) -> str:
    """Give the image of a server that a command of a container engine runs, "" for none."""
    texts = [item.value for item in command if isinstance(item.value, str)]
    engine = next((n for n, text in enumerate(texts[:4]) if text in _ENGINES), -1)
    if engine < 0 or not {"run", "create"} & set(texts[engine + 1 : engine + 3]):
        return ""
    names = ((text, repository_of(text)) for text in texts[engine + 2 :])
    result = (
        text
        for text, name in names
        if any(p.is_image(name) for p in PRODUCTS if not p.is_beside_models)
    )
    return next(result, "")[:120]


def _pair(word: Node) -> tuple[str, Node] | None:
    result = _ASSIGNED.fullmatch(word.value) if isinstance(word.value, str) else None
    return (result[1], Node(result[2], word.line, word.column)) if result is not None else None


def _of_procfile(scope: CodeScope, file: CodeFile) -> Iterator[Launch]:
    for number, line in enumerate(file.text.splitlines(), start=1):
        match = _PROC.fullmatch(line.strip())
        if match is None:
            continue
        column = line.index(match[2]) + 1
        for command in split_commands(match[2], lambda _: None, line=number, column=column):
            if _may_start_a_server(command, file):
                yield _launch(scope, file, command, {}, f"{file.id}#{match[1]}", "procfile")


def _of_unit(scope: CodeScope, file: CodeFile) -> Iterator[Launch]:
    """Read ``ExecStart``, ``Environment``, ``EnvironmentFile`` and ``User`` of a unit."""
    env: dict[str, Node] = {}
    user, is_open = "", False
    commands: list[tuple[str, int, int]] = []
    for number, line in _unit_lines(file.text):
        match = _UNIT_KEY.match(line)
        if match is None:
            continue
        key, value = match[1], match[2].strip()
        column = match.start(2) + 1
        if key == "Environment":
            words = split_commands(value, lambda _: None, line=number, column=column)
            env.update(pair for c in words for word in c if (pair := _pair(word)))
        elif key == "EnvironmentFile":
            result = next((f for f in scope.files if f.path.endswith(value.lstrip("-/"))), None)
            is_open = is_open or result is None
            env.update(parse_environment(result.text, result.shown) if result is not None else {})
        elif key == "User":
            user = value
        elif key == "ExecStart":
            commands.append((value.lstrip(_PREFIX), number, column))
    for text, number, column in commands:
        lookup = {name: node.value for name, node in env.items()}.get
        for command in split_commands(text, lookup, line=number, column=column):
            if _may_start_a_server(command, file):
                yield _launch(
                    scope, file, command, env, file.id, "unit", user=user or "root", is_open=is_open
                )


def _unit_lines(text: str) -> Iterator[tuple[int, str]]:
    start, result = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not result and line.lstrip().startswith(("#", ";")):
            continue
        start = start or number
        if line.rstrip().endswith("\\"):
            result += line.rstrip()[:-1] + " "
            continue
        yield start, result + line
        start, result = 0, ""


def _may_start_a_server(command: Command, file: CodeFile) -> bool:
    launch = Launch(id="", scope="", file=file.shown, line=1, kind="shell", argv=command)
    return any(
        not product.is_beside_models
        for item in commands_of(launch)
        for product in products_started_by(item.head)
    )


def _launch(
    scope: CodeScope,
    file: CodeFile,
    command: Command,
    env: dict[str, Node],
    launch_id: str,
    kind: str,
    *,
    user: str = "",
    is_open: bool = False,
) -> Launch:
    return Launch(
        id=launch_id,
        scope=scope.name,
        file=file.shown,
        line=command[0].line,
        column=command[0].column,
        name=f"{file.shown}:{command[0].line}",
        kind=kind,
        argv=command,
        env=env,
        env_is_open=is_open,
        user=user,
    )

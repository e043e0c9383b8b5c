"""From a launch to the commands that it runs: shells opened up, wrappers taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.code.launch import DECLARED_KINDS, Launch
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex
from mlsec.servers.shell.flags import flag_nodes
from mlsec.servers.shell.shell import Shell

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
# Word -> how many of its arguments stand between it and the command.
_WRAPPERS = {
    "exec": 0, "nohup": 0, "sudo": 0, "env": 0, "time": 0, "tini": 0, "dumb-init": 0, "npx": 0,
    "command": 0, "xvfb-run": 0, "catatonit": 0, "stdbuf": 0, "setsid": 0, "nice": 0, "ionice": 0,
    "numactl": 0, "nsys": 0, "gosu": 1, "su-exec": 1, "chroot": 1, "timeout": 1, "taskset": 1,
}  # fmt: skip
_RUNNERS = {
    "uv": "run", "poetry": "run", "pipenv": "run", "pdm": "run", "hatch": "run", "conda": "run",
    "mamba": "run", "micromamba": "run", "pixi": "run", "uvx": "",
}  # fmt: skip
_RUNNER_VALUES = ("-n", "-p", "--name", "--prefix", "--with", "--extra", "--python", "--group")
_ASSIGNED = regex(r"[A-Za-z_][A-Za-z0-9_]*=")
_PYTHON = regex(r"python[0-9.]*\Z")
_OF_POD = regex(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)|\{\{(?:(?!\{\{).)*?\}\}", re.S)
_DEEPEST = 4


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a launch: ``head`` are its first words as products are known by them."""

    head: str
    words: tuple[Node, ...]
    env: Mapping[str, Node] = msgspec.field(default_factory=dict)
    is_in_shell: bool = False


def commands_of(launch: Launch) -> tuple[Started, ...]:
    """Give the commands that a launch is configured to run; none when the image decides."""
    argv = filled_argv(launch)
    result = list(_opened(argv, launch, {}, 0, is_in_shell=False))
    if launch.shell is not None and isinstance(launch.shell.value, str):
        result += _of_text(launch.shell, launch, {}, 0)
    return tuple(result)


def filled_argv(launch: Launch) -> tuple[Node, ...]:
    """Give the command line of a launch, with what a cluster fills in before the start."""
    argv = launch.argv or ()
    if launch.kind in DECLARED_KINDS:
        return argv
    return tuple(
        part
        for before, word in zip((None, *argv), argv, strict=False)
        for part in _of_pod(
            word, launch, is_text=before is not None and _is_text_flag(before.value)
        )
    )


def _of_pod(word: Node, launch: Launch, *, is_text: bool) -> list[Node]:
    """Fill in ``$(NAME)``, which stands for a variable of the container.

    In a text for a shell, one that is not known is left to where its words are distinguished.
    """
    if not isinstance(word.value, str) or not _OF_POD.search(word.value):
        return [word]
    parts: list[str | UnknownValue] = []
    text, at = "", 0
    for match in _OF_POD.finditer(word.value):
        before = word.value[at : match.start()]
        value = _variable(match, launch)
        parts += (before, value)
        text += before + (
            f"${{{match[1] or 'TEMPLATE'}}}" if isinstance(value, UnknownValue) else value
        )
        at = match.end()
    rest = word.value[at:]
    if is_text and len(word.value.split()) > 1:
        return [Node(text + rest, word.line, word.column, word.tag)]
    kept = tuple(part for part in (*parts, rest) if part != "")
    return flag_nodes(kept, word.line, word.column)


def _variable(match: re.Match[str], launch: Launch) -> str | UnknownValue:
    if not match[1]:
        return UnknownValue(f"{match[0][:60]} is filled in elsewhere")
    node = launch.env.get(match[1])
    if node is not None:
        return node.value if isinstance(node.value, UnknownValue) else str(node.value)
    if launch.env_is_open:
        return UnknownValue(f"the variable {match[1]} is set in what was not read")
    return match[0]


def _opened(
    words: tuple[Node, ...],
    launch: Launch,
    env: Mapping[str, Node],
    depth: int,
    *,
    is_in_shell: bool,
) -> Iterator[Started]:
    words, env = _bare(words, env)
    if not words:
        return
    first = words[0].value
    name = _name(first)
    if name in _SHELLS and depth < _DEEPEST:
        at = next((n for n, word in enumerate(words) if _is_text_flag(word.value)), None)
        if at is not None and at + 1 < len(words):
            text = words[at + 1]
            if isinstance(text.value, str):
                yield from _of_text(text, launch, env, depth + 1)
                return
            yield Started(head="", words=(text,), env=env, is_in_shell=True)
            return
    yield Started(head=_head(words), words=words, env=env, is_in_shell=is_in_shell)


def _of_text(text: Node, launch: Launch, env: Mapping[str, Node], depth: int) -> list[Started]:
    def outside(name: str) -> str | UnknownValue | None:
        result = env.get(name) or launch.env.get(name)
        if result is not None:
            return result.value if isinstance(result.value, UnknownValue) else str(result.value)
        # Whoever runs an image may set anything; a source that was not read does set something.
        if launch.env_is_open and launch.kind != "dockerfile":
            return UnknownValue(f"the variable {name} may be set in what was not read")
        return None

    shell = Shell(outside)
    starteds: list[Started] = []
    is_exact = text.tag == "shell"
    for command in shell.commands(
        str(text.value), line=text.line, column=text.column, is_one_place=not is_exact
    ):
        known = {**env, **shell.known}
        starteds += _opened(command, launch, known, depth, is_in_shell=True)
    return starteds


def _bare(
    words: tuple[Node, ...], env: Mapping[str, Node]
) -> tuple[tuple[Node, ...], Mapping[str, Node]]:
    """Take assignments and wrappers off the front."""
    env = dict(env)
    for _ in range(20):
        if not words:
            break
        name = _name(words[0].value)
        if _is_assignment(words[0]):
            env.update(_assignments([words[0]]))
            words = words[1:]
        elif name in _WRAPPERS:
            words = _after_flags(words[1:])[_WRAPPERS[name] :]
        elif name in _RUNNERS and (not _RUNNERS[name] or _second(words) == _RUNNERS[name]):
            words = _after_flags(words[2 if _RUNNERS[name] else 1 :], _RUNNER_VALUES)
        else:
            break
    return words, env


def _after_flags(words: tuple[Node, ...], with_value: tuple[str, ...] = ()) -> tuple[Node, ...]:
    while words and isinstance(words[0].value, str) and words[0].value.startswith("-"):
        words = words[2 if words[0].value in with_value else 1 :]
    return words


def _head(words: tuple[Node, ...]) -> str:
    texts = [str(word.value) if isinstance(word.value, str) else "?" for word in words[:5]]
    first = _name(texts[0])
    if _PYTHON.match(first):
        rest = texts[1:]
        while rest and rest[0].startswith("-") and rest[0] != "-m":
            rest = rest[1:]
        return " ".join(rest)
    return " ".join([first, *texts[1:]])


def _name(value: object) -> str:
    return value.rpartition("/")[2] if isinstance(value, str) else ""


def _second(words: tuple[Node, ...]) -> str:
    return str(words[1].value) if len(words) > 1 else ""


def _is_text_flag(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"-[a-z]*c", value))


def _is_assignment(word: Node) -> bool:
    if isinstance(word.value, UnknownValue):
        return word.tag.endswith("=")
    return isinstance(word.value, str) and bool(_ASSIGNED.match(word.value))


def _assignments(words: list[Node]) -> dict[str, Node]:
    result = {}
    for word in words:
        if isinstance(word.value, UnknownValue):
            result[word.tag.rstrip("+=")] = Node(word.value, word.line, word.column)
            continue
        name, _, value = str(word.value).partition("=")
        result[name] = Node(value, word.line, word.column)
    return result

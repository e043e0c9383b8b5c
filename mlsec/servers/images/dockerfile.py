"""Dockerfiles: stages, what the last of them starts, and with which settings. Nothing is built."""

# Why not dockerfile-parse: it gives instructions by their lines; the places of words, what a
# stage inherits and why a value stays open would still be read here. The reference parser is Go.

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.servers.images.installed_packages import packages_in
from mlsec.servers.images.instructions import Instruction, instructions
from mlsec.servers.images.written_files import Writes
from mlsec.servers.shell.expand import expand
from mlsec.servers.shell.growth import Growth, Tell
from mlsec.servers.shell.shell_tokens import Command, split_commands

_PAIR = regex(
    r"(?<![A-Za-z0-9_.-])([A-Za-z_][A-Za-z0-9_.-]*+)=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)*)"
)
_OPTION = regex(r"--[a-z-]+(?:=\S+)?\s+")
_STAGE = regex(r"(?:--platform=\S+\s+)?(\S+)(?:\s+[Aa][Ss]\s+(\S+))?")
_MOST_STAGES = 100


class Recipe(msgspec.Struct, kw_only=True):
    """What a stage of a Dockerfile makes; ``bases`` its image and those below that are stages."""

    stage: str = ""
    line: int = 1
    bases: tuple[Node, ...] = ()
    env: dict[str, Node] = msgspec.field(default_factory=dict)
    arguments: dict[str, Node] = msgspec.field(default_factory=dict)
    defaults: dict[str, Node] = msgspec.field(default_factory=dict)
    entrypoint: tuple[Node, ...] | None = None
    command: tuple[Node, ...] | None = None
    ports: tuple[int, ...] = ()
    folder: str = ""
    user: str = ""
    user_node: Node | None = None
    packages: dict[str, Node] = msgspec.field(default_factory=dict)
    copied: dict[str, str] = msgspec.field(default_factory=dict)
    runs: tuple[Instruction, ...] = ()
    adds: tuple[Node, ...] = ()
    writes: Writes = msgspec.field(default_factory=lambda: Writes(""))
    growth: Growth = msgspec.field(default_factory=Growth)

    def lookup(self, name: str) -> str | UnknownValue | None:
        """Give a variable's value as an instruction sees it; None where nothing sets it."""
        node = self.env.get(name) or self.arguments.get(name)
        value: str | UnknownValue | None = node.value if node is not None else None
        hidden = self.growth.take(len(value)) if isinstance(value, str) else None
        return value if hidden is None else hidden

    @property
    def argv(self) -> tuple[Node, ...] | None:
        """Entrypoint and command; None when the base image decides both."""
        if self.entrypoint is None and self.command is None:
            return None
        return (*(self.entrypoint or ()), *(self.command or ()))


def recipes_of(file: CodeFile, tell: Tell | None = None) -> tuple[Recipe, ...]:
    """Give the stages of a Dockerfile, in order; the last one is the image.

    ``tell`` gets what a limit of the scan hides, and at which line.
    """
    stages: list[Recipe] = []
    common = Recipe(growth=Growth(tell), writes=Writes(file.shown))
    for instruction in instructions(file.text):
        common.growth.line = instruction.line
        if instruction.word == "FROM":
            stages.append(_begun(instruction, stages, common))
        elif instruction.word == "ARG" and not stages:
            common.arguments.update(_declared(instruction, common))
        elif stages and len(stages) <= _MOST_STAGES:
            _apply(instruction, stages[-1])
    return tuple(stages)


def _begun(instruction: Instruction, stages: list[Recipe], common: Recipe) -> Recipe:
    match = _STAGE.match(instruction.text.strip())
    name = (match[2] or "") if match is not None else ""
    raw = match[1] if match is not None else ""
    image = expand(raw, common.lookup)
    below = next((s for s in stages if s.stage and s.stage == image), None)
    if below is None:
        base = (Node(image, instruction.line, instruction.column),)
        return Recipe(
            stage=name,
            line=instruction.line,
            bases=base,
            growth=common.growth,
            defaults=common.arguments,
            writes=common.writes.copied(),
        )
    # A stage goes on where another ended.
    return Recipe(
        stage=name,
        line=instruction.line,
        bases=below.bases,
        growth=common.growth,
        env=dict(below.env),
        arguments={},
        defaults=common.arguments,
        entrypoint=below.entrypoint,
        command=below.command,
        ports=below.ports,
        folder=below.folder,
        user=below.user,
        user_node=below.user_node,
        packages=dict(below.packages),
        copied=dict(below.copied),
        writes=below.writes.copied(),
    )


def _apply(instruction: Instruction, stage: Recipe) -> None:
    match instruction.word:
        case "ENV":
            stage.env.update(_environment(instruction, stage))
        case "ARG":
            stage.arguments.update(_declared(instruction, stage))
        case "CMD":
            stage.command = _started(instruction)
        case "ENTRYPOINT":
            stage.entrypoint = _started(instruction)
            stage.command = None
        case "EXPOSE":
            words = re.findall(
                r"(?<!\S)([0-9]{1,5})(?:/tcp)?(?!\S)", _filled(instruction.text, stage)
            )
            stage.ports = (*stage.ports, *(int(word) for word in words))
        case "WORKDIR":
            stage.folder = posixpath.normpath(
                posixpath.join(stage.folder, _filled(instruction.text, stage).strip().strip("\"'"))
            )
        case "USER":
            text = expand(instruction.text.strip(), stage.lookup)
            stage.user_node = Node(text, instruction.line, instruction.column)
            stage.user = text if isinstance(text, str) else "?"
        case "RUN":
            stage.runs = (*stage.runs, instruction)
            stage.packages.update(packages_in(run_commands(instruction, stage)))
            _written(instruction, stage)
        case "ADD" | "COPY":
            _copied(instruction, stage)


def run_commands(instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """Yield the commands of a RUN, with its options (mounts and network) left out."""
    text, line, column = _without_options(instruction)
    stage.growth.line = line
    yield from split_commands(text, stage.lookup, line=line, column=column)


def _written(instruction: Instruction, stage: Recipe) -> None:
    """Note what a RUN writes; what it adds to a copied file leaves that unknown."""
    code = msgspec.structs.replace(instruction, text=instruction.code)
    text, line, column = _without_options(code)
    if text.lstrip().startswith("["):
        words = _started(code)
        text = str(words[-1].value) if len(words) > 2 else ""
    where = (stage.folder, stage.user)
    files = stage.writes.files
    for path in stage.writes.of_run(
        text, (line, column), instruction.documents, where, stage.lookup
    ):
        if stage.copied.pop(path, None) is not None and not files[path].is_whole:
            files[path] = msgspec.structs.replace(files[path], is_known=False)


def _without_options(instruction: Instruction) -> tuple[str, int, int]:
    text, column = instruction.text, instruction.column
    while (option := _OPTION.match(text)) is not None:
        text, column = text[option.end() :], column + option.end()
    return text, instruction.line, column


def _copied(instruction: Instruction, stage: Recipe) -> None:
    code = msgspec.structs.replace(instruction, text=instruction.code)
    text, line, column = _without_options(code)
    words = [
        word
        for command in split_commands(text, stage.lookup, line=line, column=column)
        for word in command
    ]
    texts = [word.value for word in words if isinstance(word.value, str)]
    for path in stage.writes.of_copy(instruction, words, stage.folder, stage.lookup):
        stage.copied.pop(path, None)
    if instruction.word == "ADD":
        far = [w for w in words[:-1] if str(w.value).startswith(("http://", "https://", "git@"))]
        is_checked = "--checksum=" in instruction.text
        stage.adds = (
            *stage.adds,
            *(
                Node(w.value, instruction.line, w.column, "checked" if is_checked else "")
                for w in far
            ),
        )
    if len(texts) < 2:
        return
    if "--from=" in instruction.text:
        stage.writes.cover(posixpath.normpath(posixpath.join(stage.folder, texts[-1])))
        return
    target = texts[-1]
    for source in (text for text in texts[:-1] if not text.startswith("<<")):
        is_folder = target.endswith("/") or target in (".", "..") or len(texts) > 2
        name = source.rstrip("/").rpartition("/")[2]
        path = posixpath.join(target, name) if is_folder else target
        place = posixpath.normpath(posixpath.join(stage.folder, path))
        stage.copied[place] = source
        stage.writes.files.pop(place, None)


def _started(instruction: Instruction) -> tuple[Node, ...]:
    text = instruction.text.strip()
    if text.startswith("["):
        try:
            listed = marked_json.parse(text.replace("\\\n", "\n"))
        except MlsecError:
            listed = Node(None)
        if isinstance(listed.value, tuple):
            lead = len(instruction.text) - len(instruction.text.lstrip())
            return tuple(
                Node(
                    item.value,
                    instruction.line + item.line - 1,
                    item.column + (instruction.column + lead - 1 if item.line == 1 else 0),
                )
                for item in listed.value
            )
    # The form of a shell: it is handed to sh -c as it stands.
    place = instruction.line, instruction.column
    return (Node("/bin/sh", *place), Node("-c", *place), Node(instruction.text, *place, "shell"))


def _environment(instruction: Instruction, stage: Recipe) -> Iterator[tuple[str, Node]]:
    text = instruction.text
    # An instruction sees what stands before it, and nothing of itself.
    lookup = msgspec.structs.replace(stage, env=dict(stage.env)).lookup
    if not re.match(r"\s*[A-Za-z_][A-Za-z0-9_.-]*=", text):
        name, _, value = text.strip().partition(" ")
        if name:
            yield (
                name,
                Node(expand(value.strip(), lookup), instruction.line, instruction.column),
            )
        return
    for match in _PAIR.finditer(text):
        before = text[: match.start()]
        line = instruction.line + before.count("\n")
        column = (
            match.start() - before.rfind("\n")
            if "\n" in before
            else instruction.column + match.start()
        )
        value = match[2]
        if value[:1] == "'":
            node = Node(value[1:-1], line, column)
        else:
            bare = re.sub(r"\\(.)", r"\1", value[1:-1] if value[:1] == '"' else value)
            node = Node(expand(bare, lookup), line, column)
        yield match[1], node


def _declared(instruction: Instruction, stage: Recipe) -> Iterator[tuple[str, Node]]:
    name, is_set, value = instruction.text.strip().partition("=")
    if not is_set:
        known = stage.arguments.get(name) or stage.defaults.get(name)
        if known is not None:
            yield name, known
        return
    bare = value.strip("\"'")
    yield (
        name,
        Node(expand(bare, stage.lookup), instruction.line, instruction.column),
    )


def _filled(text: str, stage: Recipe) -> str:
    filled = expand(text, stage.lookup)
    return filled if isinstance(filled, str) else ""

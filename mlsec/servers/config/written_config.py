"""Configuration files that the build of an image writes, each value on the line that writes it."""

from __future__ import annotations

import posixpath

import msgspec

from mlsec.collect.code.launch import UNKNOWN_TEXT, Launch, WrittenFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import MlsecError
from mlsec.servers.config.config_syntax import parse_config
from mlsec.servers.images.printed import joined
from mlsec.servers.settings import ConfigFile

_HOMES = ("/root/", "/home/jovyan/")
# What the image brings stands in front of what its build adds.
ADDED = "what it held before the build added to it is not known"


def written_at(path: str, launch: Launch) -> WrittenFile | None:
    """Give the file that a build writes at a path, or what it may write there."""
    written = launch.written.get(path)
    if written is not None:
        return written
    for home in _HOMES:
        if path.startswith(home) and (
            written := launch.written.get(f"~/{path.removeprefix(home)}")
        ):
            return written
    name = posixpath.basename(path)
    for place, file in launch.written.items():
        # Written to a folder that is not known, or to the home of another user.
        is_open = UNKNOWN_TEXT in place or (place.startswith("~") and place[1:2] != "/")
        if is_open and posixpath.basename(place) in (name, UNKNOWN_TEXT):
            return msgspec.structs.replace(file, is_known=False)
    return None


def config_written(path: str, file: WrittenFile) -> tuple[tuple[ConfigFile, ...], str]:
    """Give a file with what is known of it, and why there may be more, "" for none."""
    if not file.is_known:
        return (), f"what {file.shown} writes to {path} is not known"
    text, numbers = joined(file.pieces)
    try:
        root = parse_config(path, text)
    except MlsecError:
        return (), f"what {file.shown} writes to {path} is not of its syntax"
    marks: list[str] = []
    result = ConfigFile(id="", shown=file.shown, root=_placed(root, numbers, marks))
    if len(marks) < text.count(UNKNOWN_TEXT):
        return (result,), f"what {file.shown} writes to {path} is known in part"
    return (result,), "" if file.is_whole else ADDED


def _placed(node: Node, numbers: list[int], marks: list[str]) -> Node:
    line = numbers[node.line - 1] if 0 < node.line <= len(numbers) else 0
    value = node.value
    if isinstance(value, dict):
        value = {key: _placed(item, numbers, marks) for key, item in value.items()}
    elif isinstance(value, tuple):
        value = tuple(_placed(item, numbers, marks) for item in value)
    elif isinstance(value, str) and UNKNOWN_TEXT in value:
        marks += [value] * value.count(UNKNOWN_TEXT)
        value = UnknownValue("what the build fills in is not known")
    return Node(value, line, 1 if line else 0, node.tag)

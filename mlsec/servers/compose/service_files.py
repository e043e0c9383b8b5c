"""Files that a compose service sees: its volumes, ``configs`` and ``secrets``."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from mlsec.collect.code.code_file import Language
from mlsec.collect.located.located import Node
from mlsec.servers.compose.project import Project

# Where each kind lies in a container, unless the service says otherwise.
_PLACES = {"configs": "/", "secrets": "/run/secrets/"}
_FILE_ID_UNKNOWN = ""


def mounts(service: Node, project: Project) -> Iterator[tuple[str, str, Node]]:
    """Yield source, target and place of every volume of a service."""
    volumes = service.get("volumes")
    for item in volumes.items() if volumes is not None else ():
        filled = project.filled(item)
        if isinstance(filled.value, str):
            source, colon, rest = filled.value.partition(":")
            target = rest.partition(":")[0] if colon else source
            yield (source if colon else ""), target, item
        elif isinstance(filled.value, Mapping):
            yield filled.text("source"), filled.text("target"), item


def mounted_files(service: Node, project: Project) -> Iterator[tuple[str, str]]:
    """Yield each file that is mounted by its path inside, with its id.

    The id is "" for one that is not among the files scanned: something lies there all the same.
    """
    for source, target, _ in mounts(service, project):
        if not source.startswith((".", "/", "~")):
            continue
        file = project.near(source)
        if file is not None:
            yield target, file.id
            continue
        yield target, _FILE_ID_UNKNOWN
        folder = posixpath.normpath(posixpath.join(project.folder, source))
        for path, result in project.files.items():
            if path.startswith(f"{folder}/") and result.language is Language.SERVER_CONFIG:
                yield posixpath.join(target, path.removeprefix(f"{folder}/")), result.id
    for target, granted in _granted(service, project):
        path = granted.text("file") if granted is not None else ""
        file = project.near(path) if path else None
        if granted is None or granted.get("content") is None:
            yield target, file.id if file is not None else _FILE_ID_UNKNOWN


def written_files(service: Node, project: Project) -> dict[str, str]:
    """Give the text of each ``content`` of the compose file, by its path inside."""
    result: dict[str, str] = {}
    for target, granted in _granted(service, project):
        content = granted.get("content") if granted is not None else None
        filled = project.filled(content) if content is not None else None
        if filled is not None and isinstance(filled.value, str):
            result[target] = filled.value
    return result


def unknown_files(service: Node, project: Project) -> Iterator[tuple[str, str]]:
    """Yield the path of each ``content`` that is not known, as a file that was not read."""
    for target, granted in _granted(service, project):
        content = granted.get("content") if granted is not None else None
        if content is not None and not isinstance(project.filled(content).value, str):
            yield target, _FILE_ID_UNKNOWN


def _granted(service: Node, project: Project) -> Iterator[tuple[str, Node | None]]:
    """Yield the path inside of each config and secret of a service, and what declares it."""
    for kind, place in _PLACES.items():
        declared = project.root.pairs(kind)
        for item in service.items(kind):
            filled = project.filled(item)
            is_short = isinstance(filled.value, str)
            name = str(filled.value) if is_short else filled.text("source")
            target = "" if is_short else filled.text("target")
            path = target if target.startswith("/") else f"{place}{target or name}"
            yield path, declared.get(name)

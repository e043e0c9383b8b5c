"""Finds the kustomizations of a repository, and what each of them takes in."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex
from mlsec.iac.rendered.chart_folder import Tree

# The names that kustomize reads. One without an ending is no file that is read here.
NAMES = ("kustomization.yaml", "kustomization.yml")
_MOST_TEXT = 400
_REMOTE = regex(r"[A-Za-z+]://|git@|[?&]ref=|\A(?:github\.com|gitlab\.com|bitbucket\.org)[/:]")
_TAKEN = ("resources", "bases", "components", "crds", "configurations", "generators")


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """A kustomization: ``path`` is its file; ``remote`` are what it takes from elsewhere."""

    folder: str
    path: str
    is_component: bool = False
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()


def overlays_of(tree: Tree) -> Mapping[str, Overlay]:
    """Give the kustomizations of a target by folder."""
    places = {
        posixpath.dirname(path): path
        for path in reversed(tree.paths)
        if posixpath.basename(path) in NAMES
    }
    known = frozenset(tree.paths)
    return {
        folder: _overlay(folder, path, tree, known, frozenset(places))
        for folder, path in sorted(places.items())
    }


def overlay_roots(overlays: Mapping[str, Overlay]) -> list[Overlay]:
    """Give those that no other takes in; of a circle, where nothing else leads, its first."""
    taken = {folder for item in overlays.values() for folder in item.folders}
    roots = [
        item for item in overlays.values() if item.folder not in taken and not item.is_component
    ]
    reached = {item.folder for root in roots for item in all_below(root, overlays)}
    for item in overlays.values():
        if item.folder not in reached and not item.is_component:
            roots.append(item)
            reached |= {below.folder for below in all_below(item, overlays)}
    return sorted(roots, key=lambda item: item.folder)


def all_below(root: Overlay, overlays: Mapping[str, Overlay]) -> list[Overlay]:
    """Give a kustomization and all that it takes in."""
    below, waiting = {root.folder: root}, [root]
    while waiting:
        for folder in waiting.pop().folders:
            if folder not in below:
                below[folder] = overlays[folder]
                waiting.append(overlays[folder])
    return list(below.values())


def _overlay(
    folder: str, path: str, tree: Tree, known: frozenset[str], places: frozenset[str]
) -> Overlay:
    root = tree.parsed(path)
    files, folders, remote = dict[str, None](), dict[str, None](), dict[str, None]()
    for text in _texts(root):
        for word in {text, text.partition("=")[2]}:
            place = posixpath.normpath(posixpath.join(folder, word)) if word else ""
            place = "" if place == "." else place
            if place in known and word:
                files[place] = None
            elif word and place in places and place != folder:
                folders[place] = None
    for name in _TAKEN:
        for item in root.items(name):
            if isinstance(item.value, str) and _REMOTE.search(item.value):
                remote[item.value] = None
    return Overlay(
        folder=folder,
        path=path,
        is_component=root.text("kind") == "Component",
        files=tuple(sorted(files)),
        folders=tuple(sorted(folders)),
        remote=tuple(remote),
    )


def _texts(node: Node) -> Iterator[str]:
    waiting = [node]
    while waiting:
        value = waiting.pop().value
        if isinstance(value, str):
            if len(value) < _MOST_TEXT and "\n" not in value:
                yield value
        elif isinstance(value, tuple):
            waiting.extend(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())

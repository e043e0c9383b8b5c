"""Finds the charts of a repository, what each is made of, and with which values it is rendered."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError
from mlsec.core.wildcard import matches

CHART = "Chart.yaml"
MAX_SCENARIOS = 12
_VALUES = ("values.yaml", "values.yml")
# Files of values beside a chart: the ways in which Helm's documentation and charts name them.
_BESIDE = ("values-*", "values.*", "values_*", "*-values", "*.values", "*_values", "values/*")
# What chart-testing installs a chart with; for a chart that its defaults alone do not render.
_OF_CI = ("ci/*-values", "ci/*values")
_ENDINGS = (".yaml", ".yml")
# The schema of values, from which tools make values.schema.json.
_SCHEMA = (".schema", "-schema", "_schema")
# Not rendered, and read by themselves where that matters.
_LEFT_OUT = ("crds/", "values.schema.json")
_MOST_LOCAL = 20

ReadFile = Callable[[str], bytes | None]


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """Another chart that a chart asks for."""

    name: str
    version: str = ""
    repository: str = ""
    condition: str = ""


class ChartFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of a target: ``files`` maps each path inside of it to that of the target.

    ``missing`` are the dependencies that do not lie in its folder ``charts``.
    """

    folder: str
    name: str
    is_library: bool
    files: Mapping[str, str]
    missing: tuple[Dependency, ...] = ()
    local: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    ci_values: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path of its Chart.yaml in the target."""
        return f"{self.folder}/{CHART}" if self.folder else CHART


class Tree:
    """The paths of a target, to be asked for those below a folder."""

    def __init__(self, paths: Iterable[str], read: ReadFile) -> None:
        self.paths = sorted(paths)
        self.read = read

    def below(self, folder: str) -> Sequence[str]:
        """Give the paths below a folder, "" for the target itself."""
        if not folder:
            return self.paths
        start = bisect_left(self.paths, f"{folder}/")
        return self.paths[start : bisect_left(self.paths, f"{folder}0", start)]

    def parsed(self, path: str) -> Node:
        """Give the first document of a file of YAML; an empty mapping where it cannot be read."""
        text = (self.read(path) or b"").decode("utf-8-sig", "replace")
        try:
            return next(parse_documents(text), Node({}))
        except MlsecError:
            return Node({})


def chart_roots(tree: Tree) -> list[ChartFolder]:
    """Give the charts that no other chart of the target takes in, by path."""
    folders = sorted(
        posixpath.dirname(path) for path in tree.paths if posixpath.basename(path) == CHART
    )
    known = set(folders)
    own = [folder for folder in folders if not _is_part(folder, known)]
    charts = [_chart(tree, folder, known) for folder in own]
    taken = {local for chart in charts for local in chart.local}
    return [chart for chart in charts if not chart.is_library and chart.folder not in taken]


def _is_part(folder: str, charts: set[str]) -> bool:
    """Whether a folder is that of a chart inside of another one's ``charts``."""
    above = folder
    while "/charts/" in f"/{above}":
        above = f"/{above}".rpartition("/charts/")[0].removeprefix("/")
        if above in charts:
            return True
    return False


def _chart(tree: Tree, folder: str, known: set[str]) -> ChartFolder:
    start = len(folder) + 1 if folder else 0
    inside = {path[start:]: path for path in tree.below(folder)}
    root = tree.parsed(inside[CHART])
    ignored = _ignored(tree, inside.get(".helmignore", ""))
    files = {
        name: path
        for name, path in inside.items()
        if not name.startswith(_LEFT_OUT) and not _is_ignored(name, ignored)
    }
    missing, local = list[Dependency](), list[str]()
    for wanted in _dependencies(tree, root, inside):
        beside = _beside(folder, wanted, known)
        if _is_there(wanted, inside):
            continue
        if beside is None or len(local) >= _MOST_LOCAL:
            missing.append(wanted)
            continue
        local.append(beside)
        for path in tree.below(beside):
            files[f"charts/{wanted.name}/{path[len(beside) + 1 :]}"] = path
    name = root.text("name")
    return ChartFolder(
        folder=folder,
        name=name or posixpath.basename(folder),
        is_library=root.text("type") == "library",
        files=files,
        missing=tuple(missing),
        local=tuple(local),
        values=_values(inside, _BESIDE),
        ci_values=_values(inside, _OF_CI),
    )


def _values(inside: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        name
        for name in sorted(inside)
        for stem, ending in [posixpath.splitext(name)]
        if ending in _ENDINGS and name not in _VALUES and not stem.endswith(_SCHEMA)
        if any(p.count("/") == stem.count("/") and matches(p, stem) for p in patterns)
    )


def _dependencies(tree: Tree, root: Node, inside: Mapping[str, str]) -> Iterator[Dependency]:
    listed = root.items("dependencies")
    if not listed and "requirements.yaml" in inside:
        listed = tree.parsed(inside["requirements.yaml"]).items("dependencies")
    for item in listed:
        if item.text("name"):
            yield Dependency(
                name=item.text("name"),
                version=str(getattr(item.get("version"), "value", "")),
                repository=item.text("repository"),
                condition=item.text("condition"),
            )


def _is_there(wanted: Dependency, inside: Iterable[str]) -> bool:
    start, packed = f"charts/{wanted.name}/", f"charts/{wanted.name}-"
    return any(
        name.startswith(start) or (name.startswith(packed) and name.endswith((".tgz", ".tar.gz")))
        for name in inside
    )


def _beside(folder: str, wanted: Dependency, known: set[str]) -> str | None:
    """Give the folder of a dependency that lies in the target itself."""
    scheme, _, path = wanted.repository.partition("://")
    if scheme != "file":
        return None
    place = posixpath.normpath(posixpath.join(folder, path))
    return place if place in known and place != folder else None


def _ignored(tree: Tree, path: str) -> list[str]:
    text = (tree.read(path) or b"").decode("utf-8", "replace") if path else ""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern of .helmignore leaves a file out: by its name, its path, or a folder's."""
    places = [name]
    while "/" in places[-1]:
        places.append(places[-1].rpartition("/")[0])
    for place in places:
        is_folder = place != name
        for pattern in patterns:
            if pattern.startswith("!") or (pattern.endswith("/") and not is_folder):
                continue
            wanted = pattern.strip("/")
            by_path = "/" in pattern.rstrip("/")
            if matches(wanted, place if by_path else place.rpartition("/")[2]):
                return True
    return False

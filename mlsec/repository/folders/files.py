"""Which classes each file of a scan belongs to: its code, its model files and their findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from mlsec.collect.code.code_file import FILE_TYPE, CodeFile
from mlsec.core.regex import regex
from mlsec.core.resource import Gap, Resource
from mlsec.repository.evidence import SERVICE, file_of, id_of
from mlsec.repository.folders.classes import BY_NAME, COLLECTION, COMPILED, COPY
from mlsec.repository.folders.collections import Exercises
from mlsec.repository.folders.compiled import compiled_templates, stored_outputs
from mlsec.repository.folders.copies import older_copies
from mlsec.repository.folders.paths import Paths, Places
from mlsec.snapshot.facts import REPOSITORY
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

_LINE = regex(r"(?::[0-9]{1,9}){1,2}\Z")


class FileClasses:
    """Gives the classes of files, and what says so, by what a scan knows of them."""

    def __init__(self, snapshot: Snapshot, resources: Iterable[Resource]) -> None:
        self._prefixes: dict[str, str] = {}
        paths: dict[str, set[str]] = defaultdict(set)
        for resource in resources:
            if resource.type == FILE_TYPE:
                target = _target(resource.scope)
                path = _below(target, resource.id.partition("#")[2])
                paths[target].add(path)
                if resource.name.endswith(path):
                    self._prefixes[target] = resource.name.removesuffix(path)
            elif resource.provider == "files":
                paths[_target(resource.scope)].add(_below(_target(resource.scope), resource.id))
        self._paths = {target: Paths(below) for target, below in paths.items()}
        texts = {target: _Texts(snapshot, target) for target in paths}
        self._copies = {
            target: older_copies(sorted(below), texts[target].of) for target, below in paths.items()
        }
        self._compiled = {
            target: compiled_templates(sorted(below), texts[target].file)
            for target, below in paths.items()
        }
        self._stored = {
            target: stored_outputs(below, self._paths[target].classes_of, texts[target].file)
            for target, below in paths.items()
        }
        names = _repositories(snapshot)
        self._exercises = {
            target: Exercises(names.get(target, ""), below) for target, below in paths.items()
        }

    def of_resource(self, provider: str, scope: str, resource_id: str, file: str) -> Places:
        """Give the classes of what a file declares, or of a model file; outermost first."""
        target = _target(scope)
        if provider == "files":
            return self._of(provider, target, _below(target, resource_id))
        path = file.removeprefix(self._prefixes.get(target, ""))
        return self._of(provider, target, path) if file else ()

    def of_gap(self, gap: Gap) -> Places:
        """Give the classes of the file that a gap is of; none where it is not of a file."""
        kind, _, target = gap.scope.partition("/")
        if kind not in ("code", "files"):
            return ()
        subject, _, part = gap.subject.removeprefix(f"{gap.scope}#").partition("#")
        path = _below(target, _LINE.sub("", subject))
        is_whole = gap.subject == gap.scope or path.rstrip("/") == target.rstrip("/")
        # What the folders above a target are called says nothing of it.
        if is_whole or path.startswith("/"):
            return ()
        places = self._of(kind, target, path)
        return tuple(place for place in places if part or not BY_NAME[place[0]].is_for_lesser)

    def _of(self, provider: str, target: str, path: str) -> Places:
        places = self._paths[target].classes_of(path) if target in self._paths else ()
        if path in self._stored.get(target, {}):
            # What only shows a chart is not what the repository is for.
            places = ((COMPILED, path), *places)
        folder = self._copies.get(target, {}).get(path)
        if folder is not None:
            places = (*places, (COPY, folder))
        if path in self._compiled.get(target, {}):
            places = (*places, (COMPILED, path))
        exercise = self._exercises[target].of(provider, path) if target in self._exercises else ""
        if exercise:
            places = (*places, (COLLECTION, exercise))
        return places


class _Texts:
    """Reads the text of code files of one target from a snapshot, by their paths."""

    def __init__(self, snapshot: Snapshot, target: str) -> None:
        self._snapshot, self._target = snapshot, target
        self._calls: Mapping[str, Call] | None = None

    def of(self, path: str) -> str:
        file = self.file(path)
        return file.text if file is not None else ""

    def file(self, path: str) -> CodeFile | None:
        if self._calls is None:
            self._calls = {
                _below(self._target, id_of(call)): call
                for call in self._snapshot.calls()
                if call.service == SERVICE and call.payload and _target(call.scope) == self._target
            }
        call = self._calls.get(path)
        return file_of(call, self._snapshot) if call is not None else None


def _repositories(snapshot: Snapshot) -> dict[str, str]:
    """Give the names of the repositories that are targets as a whole, by target."""
    names = snapshot.clock().items()
    return {
        key.removeprefix(REPOSITORY).rstrip("/"): name
        for key, name in names
        if key.startswith(REPOSITORY)
    }


def _target(scope: str) -> str:
    """Give the target that a scope of code or model files covers."""
    return scope.partition("/")[2]


def _below(target: str, file_id: str) -> str:
    """Give a path from the target, by the id that a file has in the scan."""
    start = target.rstrip("/") + "/"
    return file_id.removeprefix(start).removeprefix("./")

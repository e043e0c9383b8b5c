"""What the work tree has that a revision had not: asked file by file, as a report needs it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mlsec.collect.folders.entry import plain_name
from mlsec.collect.folders.git_root import repository_of
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.sanitize import visible
from mlsec.repository.changes.git import Git, GitError
from mlsec.repository.changes.tree import Committed, files_of, is_same

_HISTORY = "fetch more history: actions/checkout with fetch-depth: 0, GitLab with GIT_DEPTH: 0"
# What a gap adds to a file's name: a line, a line and a column, a part of an archive.
_SUFFIX = regex(r"(?::\d+){1,2}\Z|!/.*\Z", re.S)


class Place:
    """One target: how its ids begin, and where it lies in the repository."""

    def __init__(self, target: str, in_repository: str, *, is_file: bool) -> None:
        self.target = target
        self.base = plain_name(Path(target).as_posix())
        self.is_file = is_file
        self.in_repository = in_repository

    def in_repo(self, file_id: str) -> str | None:
        """Give a file's path in the repository, by its id; None for what is not below here."""
        if self.is_file:
            return self.in_repository if file_id == self.base else None
        start = "" if self.base == "." else f"{self.base.rstrip('/')}/"
        if not file_id.startswith(start):
            return None
        path = file_id[len(start) :]
        return path if self.in_repository == "." else f"{self.in_repository}/{path}"


class Change:
    """The difference between the merge base of a revision and HEAD, and the work tree."""

    def __init__(self, git: Git, revision: str, commit: str, places: Sequence[Place]) -> None:
        self.revision = revision
        self.commit = commit
        self.places = tuple(places)
        self.git = git
        self.files: dict[str, Committed | None] = {}
        for file in files_of(git, commit):
            name = plain_name(os.fsdecode(file.path))
            # Two names that cannot be distinguished in a report: both count as changed.
            self.files[name] = None if name in self.files else file
        self._known: dict[str, bool] = {}

    def touches(self, resource_id: str, file: str) -> bool:
        """Whether a resource's file was changed; of a folder of files, any file below it."""
        if not file:
            return False
        if resource_id.endswith("/"):
            return any(
                self._touches_below(path)
                for place in self.places
                if (path := place.in_repo(resource_id.rstrip("/"))) is not None
            )
        return self.is_changed(file)

    def touches_subject(self, subject: str) -> bool:
        """Whether what a gap speaks of was changed; what is not known to be a file is."""
        names = [subject]
        while (short := _SUFFIX.sub("", names[-1])) != names[-1]:
            names.append(short)
        for place in self.places:
            for name in names:
                path = place.in_repo(name)
                if path is not None and path in self.files:
                    return self.is_changed(path)
        return True

    def is_changed(self, path: str) -> bool:
        """Whether a file (its path in the repository) is another than it was, or new, or gone."""
        result = self._known.get(path)
        if result is None:
            file = self.files.get(path)
            result = file is None or not is_same(self.git, self.git.root, file)
            self._known[path] = result
        return result

    def _touches_below(self, folder: str) -> bool:
        start = "" if folder in ("", ".") else f"{folder}/"
        there = {path for path in self.files if path.startswith(start)}
        return any(map(self.is_changed, sorted(there))) or self._has_more(folder, there)

    def _has_more(self, folder: str, there: set[str]) -> bool:
        root = os.fsencode(self.git.root)
        for place, folders, names in os.walk(os.path.join(root, os.fsencode(folder))):  # noqa: PTH118
            folders[:] = [name for name in folders if name != b".git"]
            for name in names:
                path = os.path.relpath(os.path.join(place, name), root)  # noqa: PTH118
                if plain_name(os.fsdecode(path)) not in there:
                    return True
        return False


def open_change(targets: Sequence[str], revision: str) -> Change:
    """Find the merge base of a revision and HEAD, in the repository that the targets lie in.

    Raises:
        MlsecError: no repository, several, an unknown revision, or no history in common.
    """
    places, roots = [], set()
    for target in targets:
        root, inside = repository_of(Path(target))
        if root is None:
            raise MlsecError(
                "--changed-since needs a folder of a git repository", location=visible(target)
            )
        roots.add(root)
        places.append(Place(target, inside, is_file=Path(target).is_file()))
    if len(roots) != 1:
        raise MlsecError("--changed-since needs folders of one git repository")
    git = Git(roots.pop())
    name = visible(revision, 120)
    try:
        asked = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options",
                        f"{revision}^{{commit}}")  # fmt: skip
    except GitError as error:
        if error.hint:
            raise
        raise MlsecError(f'git knows no revision "{name}"', hint=_HISTORY) from None
    try:
        result = git.ask("merge-base", asked.decode().strip(), "HEAD")
    except GitError as error:
        if error.code != 1:
            raise
        raise MlsecError(f'HEAD and "{name}" have no commit in common', hint=_HISTORY) from None
    return Change(git, revision, result.decode().split()[0], places)

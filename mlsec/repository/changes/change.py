"""What the work tree has that a revision had not: asked file by file, as a report needs it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mlsec.collect.folders.git_root import repository_of
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.sanitize import plain_name, visible
from mlsec.repository.changes.git import Git, GitError
from mlsec.repository.changes.revision import HISTORY, Revision, head_of, resolve
from mlsec.repository.changes.tree import LINK, Committed, files_of, is_converted, is_same

_ATTRIBUTES = ".gitattributes"
# What stands in a shown name for a character that cannot be shown, or is part of the name.
_ESCAPE = regex(r"\\u[0-9a-f]{4}")
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
        if file_id in (self.base.rstrip("/"), "."):
            return self.in_repository  # the folder that is the target
        start = "" if self.base == "." else f"{self.base.rstrip('/')}/"
        if not file_id.startswith(start):
            return None
        path = file_id[len(start) :]
        return path if self.in_repository == "." else f"{self.in_repository}/{path}"


class Change:
    """The difference between what a revision and HEAD have in common, and the work tree.

    ``commits`` are the best common ancestors, nearly always one: what is not the same in all of
    them counts as changed.
    """

    def __init__(
        self, git: Git, revision: Revision, commits: Sequence[str], places: Sequence[Place]
    ) -> None:
        self.revision = revision.asked
        self.resolved = revision.name
        self.resolved_commit = revision.commit
        self.commit = commits[0]
        self.places = tuple(places)
        self.git = git
        self.files = _files_in_all(git, commits)
        self._known: dict[tuple[str, bool], bool] = {}

    def touches(self, resource_id: str, file: str) -> bool:
        """Whether a resource's file was changed; of a folder of files, any byte of what is below.

        A folder is one of model files: none of them is forgiven other line ends.
        """
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
                    return bool(_ESCAPE.search(path)) or self.has_other_bytes(path)
        return True

    def is_changed(self, path: str) -> bool:
        """Whether a file (its path in the repository) is another than it was, or new, or gone.

        Code that differs only by the line ends of its checkout is the same.
        """
        return self._is_other(path, may_be_converted=True)

    def has_other_bytes(self, path: str) -> bool:
        """Whether a file is another than it was by a single byte, a line end included."""
        return self._is_other(path, may_be_converted=False)

    def _is_other(self, path: str, *, may_be_converted: bool) -> bool:
        key = path, may_be_converted
        if key not in self._known:
            self._known[key] = True  # a link that leads to itself
            file = self.files.get(path)
            self._known[key] = (
                file is None
                or not self._is_the_only(path)
                or not self._is_same(path, file, may_be_converted)
            )
        return self._known[key]

    def _is_same(self, path: str, file: Committed, line_ends: bool) -> bool:  # noqa: FBT001
        root = self.git.root
        try:
            if is_same(root, file):
                return file.mode != LINK or not self._leads_to_other(file, line_ends)
            return not self._has_other_attributes(path) and is_converted(
                self.git, root, file, line_ends=line_ends
            )
        except OSError:  # it cannot be read
            return False

    def _has_other_attributes(self, path: str) -> bool:
        """Whether the rules by which git converts a file at its checkout are other than they were.

        Then a change of the rules alone changed the file, and nothing is forgiven.
        """
        if _ESCAPE.search(path):
            return True
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            name = f"{folder}/{_ATTRIBUTES}".lstrip("/")
            is_there = os.path.lexists(os.path.join(self.git.root, name))  # noqa: PTH118
            if (is_there or name in self.files) and self.has_other_bytes(name):
                return True
        return False

    def _leads_to_other(self, link: Committed, may_be_converted: bool) -> bool:  # noqa: FBT001
        """Whether the file that a link leads to is another; what lies outside is never followed."""
        root = os.fsencode(self.git.root)
        real = os.path.realpath(os.path.join(root, link.path))  # noqa: PTH118
        if not real.startswith(root.rstrip(b"/") + b"/") or not os.path.isfile(real):  # noqa: PTH113
            return False
        inside = plain_name(os.fsdecode(os.path.relpath(real, root)))
        return self._is_other(inside, may_be_converted=may_be_converted)

    def _is_the_only(self, path: str) -> bool:
        """Whether no other file on disk is shown under this name: escapes can stand for two."""
        if not _ESCAPE.search(path):
            return True
        folders = [os.fsencode(self.git.root)]
        for part in path.split("/"):
            folders = [
                os.path.join(folder, name)  # noqa: PTH118
                for folder in folders
                for name in (os.listdir(folder) if os.path.isdir(folder) else ())  # noqa: PTH112, PTH208
                if plain_name(os.fsdecode(name)) == part
            ]
        return len(folders) == 1

    def _touches_below(self, folder: str) -> bool:
        start = "" if folder in ("", ".") else f"{folder}/"
        there = {path for path in self.files if path.startswith(start)}
        return (
            bool(_ESCAPE.search(folder))
            or any(map(self.has_other_bytes, sorted(there)))
            or self._has_more(folder, there)
        )

    def _has_more(self, folder: str, there: set[str]) -> bool:
        root = os.fsencode(self.git.root)
        unread: list[OSError] = []
        top = os.path.join(root, os.fsencode(folder))  # noqa: PTH118
        for place, folders, names in os.walk(top, onerror=unread.append):
            folders[:] = [name for name in folders if name != b".git"]
            links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118
            for name in (*names, *links):
                path = os.path.relpath(os.path.join(place, name), root)  # noqa: PTH118
                if plain_name(os.fsdecode(path)) not in there:
                    return True
        return bool(unread)


def _files_in_all(git: Git, commits: Sequence[str]) -> dict[str, Committed | None]:
    """Give the files of commits by name; None for one that counts as changed in any case."""
    result: dict[str, Committed | None] = {}
    for number, commit in enumerate(commits):
        files: dict[str, Committed | None] = {}
        for file in files_of(git, commit):
            name = plain_name(os.fsdecode(file.path))
            # Two names that cannot be distinguished in a report: both count as changed.
            files[name] = None if name in files else file
        if number:
            names = result.keys() | files.keys()
            same = {name for name in names if files.get(name) == result.get(name)}
            files = {name: files.get(name) if name in same else None for name in names}
        result = files
    return result


def open_change(targets: Sequence[str], revision: str) -> Change:
    """Find the merge base of a revision and HEAD, in the repository that the targets lie in.

    Raises:
        MlsecError: no repository, several, a revision that is unknown or ambiguous, or no history
            in common.
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
    asked, head = resolve(git, revision), head_of(git)
    try:
        result = git.ask("merge-base", "--all", asked.commit, head)
    except GitError as error:
        if error.code != 1:
            raise
        name = visible(revision, 120)
        raise MlsecError(f'HEAD and "{name}" have no commit in common', hint=HISTORY) from None
    return Change(git, asked, sorted(result.decode().split()), places)

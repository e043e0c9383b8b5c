"""Files of an image: those that its build copies from the target, and those that it writes."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.code.launch import WrittenFile
from mlsec.core.regex import regex
from mlsec.servers.images.dockerfile import Recipe
from mlsec.servers.images.written_files import MOST_FILES, home_of, is_in_home

_HOME = regex(r"\A(?:~[^/:]{0,100}:|/home/[^/]{1,100})/")


def copied_files(recipe: Recipe, folder: str, code_files: Mapping[str, CodeFile]) -> dict[str, str]:
    """Give the files of the target that a build copies, by where they lie in the image.

    A build's context is the Dockerfile's own folder or one above; the nearest that has it counts.
    Of a folder, it is the configuration of servers that matters.
    """
    result: dict[str, str] = {}
    for target, source in recipe.copied.items():
        for base in (folder, posixpath.dirname(folder), ""):
            path = posixpath.normpath(posixpath.join(base, source))
            if path in code_files:
                result[target] = code_files[path].id
                break
            below = "" if path == "." else f"{path}/"
            inside = {
                posixpath.normpath(posixpath.join(target, item.path.removeprefix(below))): item.id
                for item in code_files.values()
                if item.language is Language.SERVER_CONFIG and item.path.startswith(below)
            }
            if inside:
                result = inside | result
                break
    return result


def files_written(
    recipe: Recipe, copied: Mapping[str, str], mounted: Mapping[str, str], *, is_bare: bool
) -> dict[str, WrittenFile]:
    """Give the files that a build writes; ``mounted`` is what lies over them where it runs.

    Which of the two holds is not known where a folder that is copied has such a file as well.
    ``is_bare``: what it is built on brings no settings of a server to the home of a user.
    """
    home = home_of(recipe.user)
    places = Counter(_from_root(path) for path in {*recipe.writes.files, *copied})
    others = [_from_root(path) for path in (*recipe.copied, *recipe.writes.touched)]
    is_bare = is_bare and len(recipe.writes.touched) < MOST_FILES
    over = [_from_root(path) for path in mounted]
    result = {}
    for path, file in recipe.writes.files.items():
        if not _is_apart(path, over):
            continue
        place = f"~/{path.removeprefix(home)}" if path.startswith(home) else path
        is_alone = path not in copied and places[_from_root(path)] == 1
        is_known = file.is_known and is_alone
        is_whole = file.is_whole or (is_bare and is_in_home(path) and _is_apart(path, others))
        result[place] = msgspec.structs.replace(file, is_known=is_known, is_whole=is_whole)
    return result


def _from_root(path: str) -> str:
    """Give a path below some home as if that were the home of root."""
    return _HOME.sub("/root/", path, count=1)


def _is_apart(path: str, others: Sequence[str]) -> bool:
    """Whether a file differs from all of these and lies outside of them."""
    place = _from_root(path)
    return not any(place == item or place.startswith(f"{item.rstrip('/')}/") for item in others)

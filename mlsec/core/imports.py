"""From where Python imports: neither the current folder nor one that is scanned is among them.

This file may import only what Python itself has loaded by the time it runs.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VARIABLE = "PYTHONPATH"


def import_from_own_folders(words: Sequence[str]) -> list[str]:
    """Take out of ``sys.path`` what a scanned repository may have written.

    That is the current folder, which ``python -m`` puts first, and of PYTHONPATH what is relative
    or lies in the repository around the current folder or in a path among ``words``, the command
    line. Whoever wants none of it to be seen even by Python's own start runs ``python -I``.

    Returns:
        The modules that Python had loaded from there before, by then too late to prevent.
    """
    own = _real(os.path.join(os.path.dirname(__file__), "..", ".."))  # noqa: PTH118, PTH120
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:  # it was removed: nothing can be imported from it, and the command says so
        return []
    others = [here, _repository(here), *(word for word in words if os.path.lexists(word))]
    scanned = [_real(place) for place in others if place]
    listed = os.environ.get(_VARIABLE, "").split(os.pathsep) if _VARIABLE in os.environ else []
    refused = {
        _real(item)
        for item in listed
        if not os.path.isabs(item) or any(_is_below(_real(item), folder) for folder in scanned[1:])  # noqa: PTH117
    }
    refused = (refused | {_real(here)}) - {own}
    kept = [item for item in listed if _real(item) not in refused]
    if kept != listed:
        os.environ[_VARIABLE] = os.pathsep.join(kept)
    sys.path[:] = [item for item in sys.path if _real(item) not in refused]
    return sorted(_loaded_from(refused))


def _loaded_from(folders: Iterable[str]) -> set[str]:
    """Name the modules that lie in one of the folders themselves."""
    result = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or "." in name or name == "__main__":
            continue
        home = os.path.dirname(file)  # noqa: PTH120
        if os.path.basename(file).startswith("__init__."):  # noqa: PTH119
            home = os.path.dirname(home)  # noqa: PTH120
        if _real(home) in folders:
            result.add(name)
    return result


def _repository(folder: str) -> str:
    """Give the folder above that holds ``.git``, "" for none."""
    place = _real(folder)
    while not os.path.lexists(os.path.join(place, ".git")):  # noqa: PTH118
        if place == os.path.dirname(place):  # noqa: PTH120
            return ""
        place = os.path.dirname(place)  # noqa: PTH120
    return place


def _is_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _real(path: str) -> str:
    return os.path.realpath(path or ".")

"""What is read of ``.terraform``: the code of the modules that ``terraform init`` installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlsec.collect.folders.entry import Entry
from mlsec.core.errors import MlsecError

FOLDER = ".terraform/modules/"
LIST = "modules.json"
_CODE = (".tf", ".tofu", ".tf.json", ".tofu.json")


def is_list(path: str) -> bool:
    """Whether a path is that of the list of a root's installed modules."""
    return path == FOLDER + LIST or path.endswith(f"/{FOLDER}{LIST}")


def of_called_modules(
    entries: Iterable[Entry], read: Callable[[Entry], bytes | None], is_own: Callable[[Entry], bool]
) -> list[Entry]:
    """Leave out what lies among installed modules and is no part of a module that is called.

    ``is_own`` says what the repository itself brings along there.
    """
    kept: list[Entry] = []
    installed: list[Entry] = []
    directories: set[str] = set()
    for entry in entries:
        if f"/{FOLDER}" not in f"/{entry.path}" or is_own(entry):
            kept.append(entry)
        elif is_list(entry.path):
            kept.append(entry)
            directories |= _directories(entry, read)
        elif entry.path.endswith(_CODE):
            installed.append(entry)
    if not directories:
        return kept
    kept += [entry for entry in installed if entry.path.rpartition("/")[0] in directories]
    return sorted(kept, key=lambda entry: entry.path)


def _directories(entry: Entry, read: Callable[[Entry], bytes | None]) -> frozenset[str]:
    # Loads with the readers of infrastructure code, only where there is such a list.
    from mlsec.iac.terraform.remote_modules.installed import directories_in  # noqa: PLC0415

    text = (read(entry) or b"").decode("utf-8", "replace")
    root = entry.path.removesuffix(FOLDER + LIST).rstrip("/")
    try:
        return directories_in(text, root)
    except MlsecError:
        return frozenset()  # its reader reports it

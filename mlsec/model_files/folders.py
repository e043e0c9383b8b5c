"""Which files belong together: the folder a model is loaded from, by what lies in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Files that say "a model begins here"; a signature covers all that lies below it.
MARKERS = frozenset({
    "config.json", "MLmodel", "modules.json", "saved_model.pb", "model_index.json",
    "model.sig", "oci-layout", "index.json", "config.pbtxt",
})  # fmt: skip
SIGNATURE_ENDINGS = (".sig", ".sigstore", ".sigstore.json", ".intoto.jsonl")
CARDS = ("readme.md", "model_card.md", "modelcard.md")
BILL_ENDINGS = (".cdx.json", ".spdx.json", "bom.json", "bom.xml", ".cdx.xml")
PROVENANCE_ENDINGS = (".intoto.jsonl", "provenance.json", "attestation.json", ".intoto.json")


def folders_of(paths: Iterable[str]) -> Mapping[str, str]:
    """Map each path to the folder of its model: the topmost above it that is marked, else its own.

    The target itself is "".
    """
    known = list(paths)
    marked = marked_among(known)
    return {path: _folder(path, marked) for path in known}


def marked_among(paths: Iterable[str]) -> frozenset[str]:
    """Name the folders in which a file says that a model begins there."""
    return frozenset(_parent(path) for path in paths if _is_marker(path))


def _folder(path: str, marked: frozenset[str]) -> str:
    own = _without_code(_parent(path))
    above = [own[:cut] for cut in _cuts(own)]
    return next((folder for folder in above if folder in marked), own)


def _without_code(folder: str) -> str:
    """The folder above one named ``code``, from which servers run what is beside the weights."""
    above, _, name = folder.rpartition("/")
    return above if name == "code" else folder


def _cuts(folder: str) -> list[int]:
    """Where a folder's path can be cut, from the top down."""
    return [0, *(n for n, letter in enumerate(folder) if letter == "/"), len(folder)]


def _is_marker(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in MARKERS or name.lower().endswith(SIGNATURE_ENDINGS)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]

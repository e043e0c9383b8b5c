"""Which files belong together: the folder a model is loaded from, by what lies in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlsec.artifacts.facts import Format, Inspection
from mlsec.artifacts.settings.loaders import LOADER

# Files that say "a model begins here", where their content says so too.
MARKERS = frozenset({
    "config.json", "MLmodel", "modules.json", "saved_model.pb", "model_index.json", "meta.json",
    "oci-layout", "index.json", "config.pbtxt", "adapter_config.json", "tokenizer_config.json",
})  # fmt: skip
# A signature covers all that lies below it.
SIGNATURE_ENDINGS = (".sig", ".sigstore", ".sigstore.json", ".intoto.jsonl")
CARDS = ("readme.md", "model_card.md", "modelcard.md")
BILL_ENDINGS = (".cdx.json", ".spdx.json", "bom.json", "bom.xml", ".cdx.xml")
PROVENANCE_ENDINGS = (".intoto.jsonl", "provenance.json", "attestation.json", ".intoto.json")


def folders_of(paths: Iterable[str], marked: frozenset[str]) -> Mapping[str, str]:
    """Map each path to the folder of its model: the topmost above it that is marked, else its own.

    The target itself is "".
    """
    return {path: _folder(path, marked) for path in paths}


def marked_among(inspections: Iterable[tuple[str, Inspection | None]]) -> frozenset[str]:
    """Name the folders in which a file says that a model begins there.

    Args:
        inspections: each file's path and what reading it brought; None where it was not read.
    """
    return frozenset(
        _parent(path) for path, inspection in inspections if is_marker(path, inspection)
    )


def marked_by_name(paths: Iterable[str]) -> frozenset[str]:
    """Name the folders in which a model may begin, where nothing was read yet."""
    return marked_among((path, None) for path in paths)


def is_marker(path: str, inspection: Inspection | None) -> bool:
    """Whether a model begins where this file lies; one that was not read is taken by its name."""
    name = path.rpartition("/")[2]
    if name not in MARKERS:
        return name.lower().endswith(SIGNATURE_ENDINGS)
    return inspection is None or begins_model(inspection)


def begins_model(inspection: Inspection) -> bool:
    """Whether the content of a file is what some loader begins to load a model with."""
    properties = inspection.properties
    is_served = properties.get("layout") == "triton"
    return LOADER in properties or is_served or Format.SAVED_MODEL in inspection.formats


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


def _parent(path: str) -> str:
    return path.rpartition("/")[0]

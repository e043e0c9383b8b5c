"""Recognises archive layouts by the names of their members, and names them for the report."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.archives.archive import Archive
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder

_CONFIG_BYTES = 16 << 20
# The end of a member's name, and the layout that it shows.
LAYOUT_BY_SUFFIX: Mapping[str, str] = {
    "MAR-INF/MANIFEST.json": "torchserve",
    "model_config.yaml": "nemo",
    ".dist-info/WHEEL": "wheel",
    "oci-layout": "oci",
    ".data/extern_modules": "torch_package",
}

# What Python runs of a zip that it is given as a program.
_PROGRAMS = ("__main__.py", "__main__.pyc")


def is_numpy_zip(archive: Archive) -> bool:
    """Whether numpy's ``savez`` may have written the archive."""
    names = archive.names()
    return bool(names) and all(name.endswith(".npy") for name in names)


def is_keras(archive: Archive) -> bool:
    """Whether the archive has the members of a Keras v3 model, or a configuration of Keras."""
    if "config.json" not in archive:
        return False
    return "metadata.json" in archive or "model.weights.h5" in archive or _names_class(archive)


def _names_class(archive: Archive) -> bool:
    try:
        return b'"class_name"' in archive.content("config.json", _CONFIG_BYTES)
    except ArtifactError:
        return False


def is_skops(archive: Archive) -> bool:
    """Whether the archive has the schema of skops."""
    return "schema.json" in archive


def is_torch_package(archive: Archive) -> bool:
    """Whether torch.package wrote the archive: its source is imported when the model is loaded."""
    return any(name.endswith(".data/extern_modules") for name in archive.names())


def note_layout(archive: Archive, record: Recorder) -> None:
    """Note the layout of the archive, where a member shows it."""
    for ending, layout in LAYOUT_BY_SUFFIX.items():
        if any(name.endswith(ending) for name in archive.names()):
            record.property("layout", layout)


def note_program_of_archive(archive: Archive, record: Recorder) -> None:
    """Note that a zip is a Python program: models are not."""
    for name in _PROGRAMS:
        if name in archive:
            detail = "Python runs it when it is given the archive as a program"
            record.fact(FactKind.CUSTOM_CODE, name, detail)

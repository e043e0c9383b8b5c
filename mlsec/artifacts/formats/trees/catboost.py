"""Reads CatBoost models: a flatbuffer with the trees, and parts that it names behind it."""

from __future__ import annotations

from mlsec.artifacts.bytes.flatbuffer import Flatbuffer
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.embedded.embedded_search import search_inside
from mlsec.artifacts.embedded.metadata_text import judge_metadata
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason

MAGIC = b"CBM1"
# Field slots of TModelCore: model.fbs of CatBoost.
CORE_VERSION, CORE_INFO, CORE_PARTS = 0, 2, 3
INFO_KEY, INFO_VALUE = 0, 1
# The statistics of categories.
TABLES = "static_provider_v1"


def sniff_catboost(head: bytes, _window: Window) -> bool:
    """Whether the file starts with CatBoost's mark."""
    return head.startswith(MAGIC)


def read_catboost(window: Window, record: Recorder) -> None:
    """Read what the core says of itself, and account for it and the parts that it names.

    Raises:
        ArtifactError: a core beyond the file, or one of another version.
    """
    size = int.from_bytes(window.exactly(4, 4), "little")
    core = Flatbuffer(window.part(8, size))
    root = core.root()
    version = core.text(root, CORE_VERSION)
    if not version.startswith("FlabuffersModel_v"):
        raise ArtifactError(f"the model's core is of version {version!r:.60}")
    record.property("producer", "catboost")
    record.property("format_version", version[:40])
    keys = []
    for entry in core.tables(root, CORE_INFO):
        keys.append(core.text(entry, INFO_KEY))
        judge_metadata(core.text(entry, INFO_VALUE), keys[-1], record)
    record.property("information", tuple(sorted(keys))[:50])
    record.understood(0, 8 + size)
    search_inside(window, record, "a CatBoost model")
    _read_parts(window, record, core.texts(root, CORE_PARTS), 8 + size)


def _read_parts(window: Window, record: Recorder, names: list[str], at: int) -> None:
    """Account for the parts behind the core: a count of tables, each with its size in front."""
    for name in names:
        if name != TABLES:
            record.understood(at, window.size_bytes)
            detail = f"the part {name!r:.60} is of a kind that is not read"
            record.gap(GapReason.UNSUPPORTED, detail, start=at)
            return
        count, at = int.from_bytes(window.exactly(at, 4), "little"), at + 4
        for _ in range(count):
            size = int.from_bytes(window.exactly(at, 4), "little")
            if at + 4 + size > window.size_bytes:
                raise ArtifactError(f"a table of {size} bytes at {at} is not there")
            record.understood(at - 4, at + 4 + size)
            at += 4 + size

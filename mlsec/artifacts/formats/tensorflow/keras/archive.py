"""Recognises a .keras archive by its members; each is judged as a file of its own."""

from __future__ import annotations

from mlsec.artifacts.archives.archive import Archive
from mlsec.artifacts.content.json_text import read_json
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder

_SMALL = 1 << 20


def read_keras_archive(archive: Archive, record: Recorder) -> None:
    """Note the version, and note configurations that could be taken for one another."""
    configurations = [name for name in archive.names() if name.lower() == "config.json"]
    if len(configurations) > 1:
        detail = "readers differ on which configuration counts"
        record.fact(FactKind.TWO_READINGS, "config.json", detail)
    if "metadata.json" in archive:
        metadata = read_json(archive.content("metadata.json", _SMALL), record)
        version = metadata.get("keras_version") if isinstance(metadata, dict) else None
        record.property("producer", "keras")
        if isinstance(version, str):
            record.property("producer_version", version[:40])

"""Large torch archives: their storages are accounted for and never fetched."""

from __future__ import annotations

import os
from pathlib import Path

from mlsec.artifacts.bytes.window import FileSource, Window
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.model_files.buckets.ranged import RangedSource
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, elf
from tests.artifacts.builders.sparse_torch import FarSparseSource, SparseSource, torch_pieces

TEN_GIB = 10 << 30


def test_ten_gigabytes_cost_two_megabytes_at_most() -> None:
    source = FarSparseSource(*torch_pieces(640, TEN_GIB // 640, EVIL_PICKLE_2))
    found = inspect(Window.over(source))
    assert source.size_bytes > TEN_GIB
    assert Format.TORCH_ZIP in found.formats
    assert {fact.kind for fact in found.facts} >= {FactKind.DENIED_CALL}
    assert not [fact for fact in found.facts if fact.kind is FactKind.UNACCOUNTED_BYTES]
    assert found.bytes_read == source.bytes_read < 2_000_000
    assert found.members == found.members_read == 643


def test_a_bucket_is_asked_for_exactly_what_was_announced() -> None:
    far = SparseSource(*torch_pieces(640, TEN_GIB // 640, EVIL_PICKLE_2))
    source = RangedSource(far.read_at, far.size_bytes)
    found = inspect(Window.over(source))
    assert {fact.kind for fact in found.facts} >= {FactKind.DENIED_CALL}
    assert source.bytes_read == far.bytes_read < 2_000_000


def test_headers_are_announced_before_they_are_read() -> None:
    source = FarSparseSource(*torch_pieces(640, 1 << 20))
    inspect(Window.over(source))
    assert len(source.soon) == 643
    assert sum(length for _, length in source.soon) < 200_000


def test_an_executable_among_the_storages_is_seen_without_reading_them() -> None:
    pieces, size_bytes = torch_pieces(8, 64 << 20)
    at = next(offset for offset, data in pieces.items() if b"archive/data/5" in data)
    pieces[at] += elf()
    source = SparseSource(pieces, size_bytes)
    found = inspect(Window.over(source))
    assert FactKind.EMBEDDED_EXECUTABLE in {fact.kind for fact in found.facts}
    assert source.bytes_read < 2_000_000


def test_a_local_archive_with_holes_is_read_by_its_pieces(tmp_path: Path) -> None:
    pieces, size_bytes = torch_pieces(96, 16 << 20)
    path = tmp_path / "model.pt"
    with path.open("wb") as file:
        for offset, data in pieces.items():
            file.seek(offset)
            file.write(data)
        file.truncate(size_bytes)
    descriptor = os.open(path, os.O_RDONLY)
    found = inspect(Window.over(FileSource(descriptor)))
    os.close(descriptor)
    assert found.size_bytes > 1_500_000_000
    assert found.bytes_read < 2_000_000

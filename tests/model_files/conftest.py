"""Fixtures that several tests of model files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsec.model_files.stores import BUCKETS
from tests.model_files.signed_place import Place, placed


@pytest.fixture(params=sorted(BUCKETS))
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    with placed(request.param, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with placed("s3", tmp_path, monkeypatch) as found:
        yield found

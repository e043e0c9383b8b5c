"""Open evidence: a snapshot file, or its readable twin."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlsec.core.errors import MlsecError
from mlsec.snapshot.store import Snapshot


@contextmanager
def open_evidence(path: Path) -> Iterator[Snapshot]:
    """Open a snapshot file, or its readable twin (a folder of JSON Lines)."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=str(path)) from None
    if is_folder:
        from mlsec.snapshot.folder import import_folder  # noqa: PLC0415

        with TemporaryDirectory(prefix="mlsec-") as scratch:
            twin = Path(scratch) / "evidence.mlsnap"
            import_folder(path, twin)
            with Snapshot.open(twin) as snapshot:
                yield snapshot
    else:
        with Snapshot.open(path) as snapshot:
            yield snapshot

"""Open evidence: a snapshot file, or its readable twin."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import check_regular
from mlsec.snapshot.store import Snapshot


@contextmanager
def open_evidence(path: Path) -> Iterator[Snapshot]:
    """Open a snapshot file, or its readable twin (a folder of JSON Lines), whole and unchanged.

    Raises:
        MlsecError: it cannot be read, its seal does not hold, or an answer is not the one that
            was collected. A twin has no seal: its digest is that of what it holds now.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        if not is_folder:
            check_regular(path)
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
            snapshot.check_payloads()
            yield snapshot

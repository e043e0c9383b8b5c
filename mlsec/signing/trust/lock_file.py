"""The lock file: which version of a model was verified first, so that a change is noticed."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_link
from mlsec.core.named_file import read_named_file
from mlsec.signing.encodings.strict_json import JsonLimits, loads
from mlsec.signing.errors import SigningError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_LIMITS = JsonLimits(size_bytes=16 << 20, depth=4, values=1_000_000)


def locked_digest(path: Path, key: str) -> str:
    """Return the root digest recorded for a model, "" when the lock has no entry for it.

    Raises:
        MlsecError: the file is there but cannot be read.
    """
    return _read(path).get(key, "")


def record_digest(path: Path, key: str, root_digest: str) -> bool:
    """Record a model's first use; an entry that is there stays as it is.

    Returns:
        Whether something was written.

    Raises:
        MlsecError: the file cannot be read or written.
    """
    try:
        with _locked(path.parent):
            models = _read(path)
            if key in models:
                return False
            models[key] = root_digest
            _write(path, {"version": 1, "models": dict(sorted(models.items()))})
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be written: {reason}", location=str(path)) from None
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder, so that concurrent writers do not lose each other's entries."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems know no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, document: dict[str, object]) -> None:
    refuse_foreign_link(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(document, indent=2) + "\n")
        draft.chmod(0o644)  # as any other file of a repository: it names digests, no secrets
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    try:
        document = loads(read_named_file(path), "lock file", _LIMITS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(path)) from None
    except SigningError as error:
        raise MlsecError(error.message, location=str(path)) from None
    models = document.get("models") if isinstance(document, dict) else None
    if not isinstance(models, dict) or document.get("version") != 1:
        raise MlsecError("is not a lock file of mlsec", location=str(path))
    if not all(isinstance(digest, str) and _DIGEST.match(digest) for digest in models.values()):
        detail = "holds a value that is not a digest: sha256: and 64 lower-case hex digits"
        raise MlsecError(detail, location=str(path))
    return models

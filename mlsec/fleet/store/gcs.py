"""Objects in a Cloud Storage bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import google.auth.exceptions
import requests
from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption

from mlsec.core.errors import MlsecError

T = TypeVar("T")
# The SDK's own is 100 MiB, and a chunk is held in memory.
_CHUNK = 8 << 20


class GcsObjects:
    """Objects below ``gs://bucket/prefix``."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._place, self._prefix = f"gs://{bucket}", f"{prefix}/" if prefix else ""
        self._client: Any = _tried(storage.Client, self._place)
        self._bucket = self._client.bucket(bucket)

    def write(self, name: str, file: Path) -> None:
        """Upload a file; Cloud Storage shows it only once it is whole."""
        blob = self._bucket.blob(f"{self._prefix}{name}", chunk_size=_CHUNK)
        _tried(lambda: blob.upload_from_filename(str(file)), self._at(name))

    def read(self, name: str, file: Path) -> None:
        """Download an object."""
        blob = self._bucket.blob(f"{self._prefix}{name}")
        _tried(lambda: blob.download_to_filename(str(file)), self._at(name))

    def names(self, prefix: str) -> Iterator[str]:
        """List the names that begin so."""
        asked = f"{self._prefix}{prefix}"
        blobs = _tried(
            lambda: list(self._client.list_blobs(self._bucket, prefix=asked)), self._at(prefix)
        )
        return (str(blob.name).removeprefix(self._prefix) for blob in blobs)

    def delete(self, name: str) -> None:
        """Delete an object."""
        named = [f"{self._prefix}{name}"]
        _tried(lambda: self._bucket.delete_blobs(named, on_error=lambda _: None), self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._place}/{self._prefix}{name}"


def _tried(do: Callable[[], T], place: str) -> T:
    try:
        return do()
    except (
        exceptions.GoogleAPIError, google.auth.exceptions.GoogleAuthError, DataCorruption,
        requests.RequestException, OSError,
    ) as error:  # fmt: skip
        raise MlsecError(f"the store cannot be used: {_text(error)}", location=place) from None


def _text(error: Exception) -> str:
    """Say it plainly: the SDK gives the request and the answer in one line."""
    match error:
        case exceptions.NotFound():
            return "no such bucket or object"
        case exceptions.Forbidden() | exceptions.Unauthorized():
            return "the credentials are refused, or lack the role Storage Object Admin"
        case _:
            return str(error).partition("\n")[0][:300]

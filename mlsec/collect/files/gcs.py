"""Model files in a Cloud Storage bucket: listed by prefix, read by ranges of one generation."""

from __future__ import annotations

import base64
import copy
from typing import Any, Self

import google.auth.exceptions
import requests
from google.api_core import exceptions
from google.cloud import storage

from mlsec.artifacts.window import Source
from mlsec.collect.files.entry import Entry, Listing, Skipped, StoreError, plain_name
from mlsec.collect.files.ranged import RangedSource
from mlsec.collect.settings import CollectSettings
from mlsec.core.closed_sets import GapReason
from mlsec.core.errors import MlsecError


class GcsStore:
    """Objects below ``gs://bucket/prefix``."""

    def __init__(self, client: Any, bucket: str, prefix: str, settings: CollectSettings) -> None:
        self._client, self._bucket, self.prefix = client, bucket, prefix
        self._timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)

    @property
    def root(self) -> str:
        """Its address without a prefix."""
        return f"gs://{self._bucket}"

    def at(self, prefix: str) -> Self:
        """The same bucket, seen from another prefix."""
        twin = copy.copy(self)
        twin.prefix = prefix
        return twin

    def listing(self) -> Listing:
        """List all objects below the prefix.

        Raises:
            MlsecError: no such bucket, or the credentials are not accepted.
        """
        entries: list[Entry] = []
        skipped: list[Skipped] = []
        is_complete = True
        try:
            for blob in self._client.list_blobs(
                self._bucket, prefix=self.prefix or None, timeout=self._timeout_s
            ):
                self._add(blob, entries, skipped)
        except exceptions.NotFound:
            raise MlsecError("there is no such bucket", location=self._address("")) from None
        except google.auth.exceptions.GoogleAuthError as error:
            raise MlsecError(
                f"the credentials are not accepted: {error}",
                hint="gcloud auth application-default login",
                location=self._address(""),
            ) from None
        except (exceptions.GoogleAPICallError, requests.RequestException) as error:
            found = _error(error, "storage.objects.list")
            why = f"folder: {found.message}"
            skipped.append(Skipped(id=self._address(self.prefix), why=why, reason=found.reason))
            is_complete = False
        entries.sort(key=lambda entry: entry.path)
        return Listing(entries=tuple(entries), skipped=tuple(skipped), is_complete=is_complete)

    def open(self, entry: Entry) -> Source:
        """Open an object; every range must come from the generation that was listed."""
        generation = int(entry.version)
        blob = self._client.bucket(self._bucket).blob(entry.key, generation=generation)

        def fetch(offset: int, length: int) -> bytes:
            try:
                data: bytes = blob.download_as_bytes(
                    start=offset,
                    end=offset + length - 1,
                    raw_download=True,
                    checksum=None,
                    timeout=self._timeout_s,
                )
            except exceptions.NotFound:
                raise StoreError(GapReason.MALFORMED, "changed while it was read") from None
            except (exceptions.GoogleAPICallError, requests.RequestException) as error:
                raise _error(error, "storage.objects.get") from None
            if len(data) != length:
                raise StoreError(GapReason.MALFORMED, f"{len(data)} bytes came for {length}")
            return data

        return RangedSource(fetch, entry.size_bytes)

    def sha256(self, entry: Entry) -> str:
        """Cloud Storage keeps MD5 and CRC32C only, so there is none."""
        return entry.digests.get("sha256", "")

    def close(self, source: Source) -> None:
        """Nothing is held open between ranges."""

    def _add(self, blob: Any, entries: list[Entry], skipped: list[Skipped]) -> None:
        name = str(blob.name)
        if name.endswith("/") and not blob.size:
            why = "a folder's placeholder"
            skipped.append(Skipped(id=self._address(plain_name(name)), why=why))
            return
        folder = self.prefix[: self.prefix.rfind("/") + 1]
        md5 = base64.b64decode(blob.md5_hash).hex() if blob.md5_hash else ""
        entries.append(
            Entry(
                id=self._address(plain_name(name)),
                path=plain_name(name.removeprefix(folder) or name),
                key=name,
                size_bytes=int(blob.size),
                version=str(blob.generation),
                etag=str(blob.etag or ""),
                digests={"md5": md5} if md5 else {},
                bucket=self._bucket,
                storage_class=str(blob.storage_class or ""),
            )
        )

    def _address(self, name: str) -> str:
        return f"gs://{self._bucket}/{name}"


def open_gcs(target: str, settings: CollectSettings) -> GcsStore:
    """Open ``gs://bucket/prefix`` with the default credentials.

    Raises:
        MlsecError: no bucket is named, or there are no credentials.
    """
    bucket, _, prefix = target.removeprefix("gs://").partition("/")
    if not bucket:
        raise MlsecError(f'"{target}" names no bucket', hint="gs://bucket/folder")
    try:
        client = storage.Client()
    except (google.auth.exceptions.GoogleAuthError, OSError) as error:
        raise MlsecError(
            f"no credentials to read it with: {error}",
            hint="gcloud auth application-default login",
            location=target,
        ) from None
    return GcsStore(client, bucket, prefix, settings)


def _error(error: Exception, right: str) -> StoreError:
    text = str(getattr(error, "message", "") or error).partition("\n")[0][:200]
    match error:
        case exceptions.Forbidden() | exceptions.Unauthorized():
            return StoreError(GapReason.DENIED, text, right)
        case exceptions.TooManyRequests():
            return StoreError(GapReason.THROTTLED, text)
        case requests.Timeout() | requests.ConnectionError() | exceptions.ServerError():
            return StoreError(GapReason.TIMEOUT, text)
        case _:
            return StoreError(GapReason.UNRESOLVED, text)

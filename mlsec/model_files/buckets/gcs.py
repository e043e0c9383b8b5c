"""Model files in a Cloud Storage bucket: listed by prefix, read by ranges of one generation."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import google.auth.exceptions
import requests
from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from mlsec.artifacts.bytes.window import Source
from mlsec.collect.client.metered_requests import checked, make_metered
from mlsec.collect.folders.entry import Entry, Skipped, StoreError, Within
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.bucket import BucketStore
from mlsec.model_files.buckets.paging import Page

# The SDK's own goes on for two minutes.
_RETRY = DEFAULT_RETRY.with_timeout(20.0)


class GcsStore(BucketStore):
    """Objects below ``gs://bucket/prefix``."""

    def __init__(self, client: Any, bucket: str, prefix: str, settings: CollectSettings) -> None:
        super().__init__(f"gs://{bucket}", bucket, prefix)
        self._client = client
        self._retry = _RETRY if settings.tries > 1 else None
        self._timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)

    def _pages(self) -> Iterator[Page]:
        try:
            listing = self._client.list_blobs(
                self._bucket,
                prefix=self.prefix or None,
                delimiter="/" if self.within is Within.TOP else None,
                timeout=self._timeout_s,
                retry=self._retry,
            )
            for blobs in listing.pages:
                objects = tuple(map(self._listed, blobs))
                yield Page(objects=objects, token=str(listing.next_page_token or ""))
        except exceptions.NotFound:
            raise MlsecError("there is no such bucket", location=self._address("")) from None
        except google.auth.exceptions.GoogleAuthError as error:
            raise MlsecError(
                f"the credentials are not accepted: {error}",
                hint="gcloud auth application-default login",
                location=self._address(""),
            ) from None
        except (exceptions.GoogleAPICallError, requests.RequestException) as error:
            raise _error(error, "storage.objects.list") from None

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
                    retry=self._retry,
                )
            except exceptions.NotFound:
                raise StoreError(GapReason.MALFORMED, "changed while it was read") from None
            except google.auth.exceptions.GoogleAuthError as error:  # it ran out meanwhile
                raise _ran_out(error) from None
            except (exceptions.GoogleAPICallError, requests.RequestException) as error:
                raise _error(error, "storage.objects.get") from None
            return data

        return self._ranges(fetch, entry.size_bytes)

    def sha256(self, entry: Entry) -> str:
        """Cloud Storage keeps MD5 and CRC32C only, so there is none."""
        return entry.digests.get("sha256", "")

    def _listed(self, blob: Any) -> Entry | Skipped:
        md5 = base64.b64decode(blob.md5_hash).hex() if blob.md5_hash else ""
        return self._object(
            str(blob.name),
            int(blob.size or 0),
            version=str(blob.generation),
            etag=str(blob.etag or ""),
            digests={"md5": md5} if md5 else {},
            storage_class=str(blob.storage_class or ""),
        )


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
    checked(make_metered(client._http))
    return GcsStore(client, bucket, prefix, settings)


def _ran_out(error: Exception) -> StoreError:
    code = "invalid_grant" if "invalid_grant" in str(error) else ""
    return StoreError(GapReason.DENIED, str(error)[:200], code=code)


def _error(error: Exception, right: str) -> StoreError:
    text = str(getattr(error, "message", "") or error).partition("\n")[0][:200]
    match error:
        case exceptions.Forbidden() | exceptions.Unauthorized():
            return StoreError(GapReason.DENIED, text, right)
        case exceptions.TooManyRequests():
            return StoreError(GapReason.THROTTLED, text)
        case requests.JSONDecodeError():
            return StoreError(GapReason.MALFORMED, "the answer could not be parsed")
        case requests.Timeout() | requests.ConnectionError() | exceptions.ServerError():
            return StoreError(GapReason.TIMEOUT, text)
        case _:
            return StoreError(GapReason.UNRESOLVED, text)

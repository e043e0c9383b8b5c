"""Model files in an Azure blob container: listed by prefix, read by ranges of one etag."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import requests
from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobPrefix, ContainerClient

from mlsec.artifacts.bytes.window import Source
from mlsec.collect.client.metered_requests import checked, make_metered
from mlsec.collect.folders.entry import Entry, Skipped, StoreError, Within
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.bucket import BucketStore
from mlsec.model_files.buckets.paging import Page

COLD = frozenset({"Archive"})
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"


class AzureStore(BucketStore):
    """Blobs below ``az://account/container/prefix``."""

    def __init__(self, container: ContainerClient, account: str, prefix: str) -> None:
        name = container.container_name
        super().__init__(f"az://{account}/{name}", name, prefix)
        self._container: Any = container

    def _pages(self) -> Iterator[Page]:
        is_top = self.within is Within.TOP
        asked = self._container.walk_blobs if is_top else self._container.list_blobs
        pages = asked(name_starts_with=self.prefix or None).by_page()
        try:
            for blobs in pages:
                inside = (blob for blob in blobs if not isinstance(blob, BlobPrefix))
                objects = tuple(map(self._listed, inside))
                yield Page(objects=objects, token=str(pages.continuation_token or ""))
        except ResourceNotFoundError:
            raise MlsecError("there is no such container", location=self.root) from None
        except ClientAuthenticationError as error:
            raise MlsecError(
                f"the credentials are not accepted: {_text(error)}",
                hint="az login",
                location=self.root,
            ) from None
        except AzureError as error:
            raise _error(error, "Microsoft.Storage/.../blobs/read") from None

    def open(self, entry: Entry) -> Source:
        """Open a blob; every range must come from the version that was listed.

        Raises:
            StoreError: it lies in the archive tier.
        """
        if entry.storage_class in COLD:
            raise StoreError(GapReason.UNSUPPORTED, f"lies in {entry.storage_class}: rehydrate it")

        def fetch(offset: int, length: int) -> bytes:
            try:
                data: bytes = self._container.download_blob(
                    entry.key,
                    offset=offset,
                    length=length,
                    etag=entry.etag,
                    match_condition=MatchConditions.IfNotModified,
                ).readall()
            except HttpResponseError as error:
                if error.status_code == 412:
                    raise StoreError(GapReason.MALFORMED, "changed while it was read") from None
                raise _error(error, "Microsoft.Storage/.../blobs/read") from None
            except AzureError as error:
                raise _error(error, "") from None
            return data

        return self._ranges(fetch, entry.size_bytes)

    def sha256(self, entry: Entry) -> str:
        """Blob Storage keeps what the uploader said, MD5 at that, so there is none."""
        return entry.digests.get("sha256", "")

    def _listed(self, blob: Any) -> Entry | Skipped:
        md5 = blob.content_settings.content_md5
        return self._object(
            str(blob.name),
            int(blob.size or 0),
            version=str(blob.etag),
            etag=str(blob.etag),
            digests={"md5": bytes(md5).hex()} if md5 else {},
            storage_class=str(blob.blob_tier or ""),
            is_folder=(blob.metadata or {}).get("hdi_isfolder") == "true",
        )


def open_azure(target: str, settings: CollectSettings) -> AzureStore:
    """Open ``az://account/container/prefix``.

    Signs in with the connection string of the environment where there is one, else with what
    azure-identity finds.

    Raises:
        MlsecError: account or container is missing, or nothing to sign in with.
    """
    account, _, rest = target.removeprefix("az://").partition("/")
    name, _, prefix = rest.partition("/")
    if not (account and name):
        raise MlsecError(f'"{target}" names no container', hint="az://account/container/folder")
    timeouts: dict[str, Any] = {
        "connection_timeout": settings.connect_timeout_s,
        "read_timeout": settings.read_timeout_s,
        "retry_total": settings.tries - 1,
        "transport": RequestsTransport(session=checked(make_metered(requests.Session()))),
    }
    connection = os.environ.get(CONNECTION)
    if connection:
        try:
            client = ContainerClient.from_connection_string(connection, name, **timeouts)
        except ValueError as error:
            raise MlsecError(f"{CONNECTION} is not one: {error}", location=target) from None
        return AzureStore(client, account, prefix)
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - a second to load

    url = f"https://{account}.blob.core.windows.net"
    credential = DefaultAzureCredential()
    return AzureStore(ContainerClient(url, name, credential, **timeouts), account, prefix)


def _error(error: AzureError, right: str) -> StoreError:
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return StoreError(GapReason.DENIED, _text(error), right)
    if status in (429, 503):
        return StoreError(GapReason.THROTTLED, _text(error))
    reason = GapReason.TIMEOUT if status is None else GapReason.UNRESOLVED
    return StoreError(reason, _text(error))


def _text(error: AzureError) -> str:
    return str(error.message or error).partition("\n")[0][:200]

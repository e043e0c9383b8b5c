"""Objects in a container of Azure Blob Storage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.azure import CONNECTION

T = TypeVar("T")


class AzureObjects:
    """Blobs below ``az://account/container/prefix``."""

    def __init__(self, account: str, container: str, prefix: str) -> None:
        if not (account and container):
            raise MlsecError("the store names no container", hint="az://ACCOUNT/CONTAINER/PREFIX")
        self._place, self._prefix = f"az://{account}/{container}", f"{prefix}/" if prefix else ""
        self._container = _container(account, container)

    def write(self, name: str, file: Path) -> None:
        """Upload a file; it shows only once it is whole."""

        def upload() -> None:
            with file.open("rb") as opened:
                self._container.upload_blob(f"{self._prefix}{name}", opened, overwrite=True)

        _tried(upload, self._at(name))

    def read(self, name: str, file: Path) -> None:
        """Download a blob."""

        def download() -> None:
            with file.open("wb") as opened:
                self._container.download_blob(f"{self._prefix}{name}").readinto(opened)

        _tried(download, self._at(name))

    def names(self, prefix: str) -> Iterator[str]:
        """List the names that begin so."""
        asked = f"{self._prefix}{prefix}"
        blobs = _tried(
            lambda: list(self._container.list_blob_names(name_starts_with=asked)), self._at(prefix)
        )
        return (str(name).removeprefix(self._prefix) for name in blobs)

    def delete(self, name: str) -> None:
        """Delete a blob."""

        def delete() -> None:
            try:
                self._container.delete_blob(f"{self._prefix}{name}")
            except ResourceNotFoundError:
                return

        _tried(delete, self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._place}/{self._prefix}{name}"


def _container(account: str, name: str) -> Any:
    connection = os.environ.get(CONNECTION)
    if connection:
        return ContainerClient.from_connection_string(connection, name)
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - a second to load

    url = f"https://{account}.blob.core.windows.net"
    return ContainerClient(url, name, DefaultAzureCredential())


def _tried(do: Callable[[], T], place: str) -> T:
    try:
        return do()
    except (AzureError, OSError) as error:
        message = f"the store cannot be used: {str(error).partition(chr(10))[0]}"
        raise MlsecError(message, location=place) from None

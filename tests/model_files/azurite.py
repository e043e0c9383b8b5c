"""Microsoft's own emulator of Blob Storage on loopback: one process for all tests of a worker."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import IO

import pytest
from azure.storage.blob import ContainerClient, StandardBlobTier

_HERE = Path(__file__).resolve().parents[1] / "emulators"
_MAIN = "node_modules/azurite/dist/src/blob/main.js"
# The account's key is this emulator's alone.
_ACCOUNT = "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=a2V5"
_LISTENS = re.compile(rb"successfully listens on (http://127\.0\.0\.1:\d+)")


@functools.cache
def connection() -> str:
    """Start the emulator, and give how to sign in; skips where it is not installed."""
    node, main = shutil.which("node"), _HERE / _MAIN
    for what, is_there in (
        ("node", node is not None),
        ("Azurite: npm ci --ignore-scripts --prefix tests/emulators", main.is_file()),
    ):
        if not is_there:
            pytest.skip(f"needs {what}")
    # What the SDK of today asks for is newer than what the emulator knows, and means the same.
    options = "--inMemoryPersistence --blobHost 127.0.0.1 --blobPort 0 --skipApiVersionCheck"
    process = subprocess.Popen(  # noqa: S603 - the emulator beside the tests
        [str(node), str(main), *options.split(), "--disableTelemetry"],
        env={**os.environ, "AZURITE_ACCOUNTS": "acct:a2V5"},
        stdout=subprocess.PIPE,
    )
    atexit.register(process.kill)
    assert process.stdout is not None
    return f"{_ACCOUNT};BlobEndpoint={_address(process.stdout)}/acct;"


def _address(said: IO[bytes]) -> str:
    for line in said:
        found = _LISTENS.search(line)
        if found:
            return found[1].decode()
    raise RuntimeError("the emulator ended before it listened")


def container(name: str) -> ContainerClient:
    """Give an empty container of that name."""
    client = ContainerClient.from_connection_string(connection(), name)
    if client.exists():
        client.delete_container()
    client.create_container()
    return client


def archive(client: ContainerClient, name: str) -> None:
    """Move a blob to the archive, where it cannot be read."""
    client.set_standard_blob_tier_blobs(StandardBlobTier.ARCHIVE, name)

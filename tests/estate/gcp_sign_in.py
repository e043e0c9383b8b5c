"""Files that sign in to the loopback token server, made anew for each run of the tests."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.estate.gcp_world import PROJECT

ACCOUNT = f"mlsec-scan@{PROJECT}.iam.gserviceaccount.com"


@functools.cache
def key_file(url: str) -> Path:
    """Write the key file of a service account whose tokens come from ``url``."""
    content = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": f"{url}/token",
    }
    path = Path(_folder()) / f"key-{url.rpartition(':')[2]}.json"
    path.write_text(json.dumps(content))
    return path


@functools.cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@functools.cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="mlsec-gcp-")

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


def federation_file(url: str, *, impersonates: bool) -> Path:
    """Write the file of a workload identity federation whose tokens come from ``url``."""
    subject = Path(_folder()) / "subject-token"
    subject.write_text("not-a-token")
    pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci"
    content = {
        "type": "external_account",
        "audience": pool,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "credential_source": {"file": str(subject)},
    }
    if impersonates:
        content["service_account_impersonation_url"] = (
            f"{url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
        )
    path = Path(_folder()) / f"federation-{impersonates}-{url.rpartition(':')[2]}.json"
    path.write_text(json.dumps(content))
    return path


def a_token() -> dict[str, object]:
    """Answer every way of asking for a token: a key's, a federation's, an impersonation's."""
    return {
        "access_token": "ya29.not-a-token",
        "accessToken": "ya29.not-a-token",
        "expireTime": "2036-01-01T00:00:00Z",
        "expires_in": 3600,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
    }


@functools.cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@functools.cache
def _folder() -> str:
    return tempfile.mkdtemp(prefix="mlsec-gcp-")

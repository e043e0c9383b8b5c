"""The tokens that rfc3161-client is tested with, at the roots that lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlsec.signing.certificates.certificate import Authority, read_certificates
from mlsec.signing.errors import SigningError
from mlsec.signing.timestamps.token import read_timestamp
from mlsec.signing.timestamps.verify import verify_timestamp
from tests.signing.suite import Case, folders_with

# Tokens that must not count; ``other`` was made by another authority of the same name.
_BAD = {"other_response.tsr", "response-invalid-signature.tsr"}


def cases(root: Path) -> Iterator[Case]:
    """Each token at its own authority, and over other data."""
    for found in folders_with(root, "test/fixtures/test_tsa"):
        for folder in sorted((found / "test/fixtures").iterdir()):
            payload = folder / "payload"
            data = payload.read_bytes() if payload.exists() else b"hello"
            for token in sorted(folder.glob("*.tsr")):
                yield _case(folder, token, data, should_accept=token.name not in _BAD)
                yield _case(folder, token, data + b"!", should_accept=False)


def _case(folder: Path, token: Path, data: bytes, *, should_accept: bool) -> Case:
    chain = read_certificates((folder / "ts_chain.pem").read_bytes())
    accepted, why = True, ""
    try:
        verify_timestamp(read_timestamp(token.read_bytes()), data, [Authority(chain=chain)])
    except SigningError as error:
        accepted, why = False, str(error)
    return Case(
        suite="rfc3161-client tokens",
        name=f"{folder.name}/{token.name} over {data[:20]!r}",
        should_accept=should_accept,
        accepted=accepted,
        why=why,
    )

"""Writes COSE_Sign1 envelopes as notation does, bent where a test asks for it."""

from __future__ import annotations

import json
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from mlsec.signing.encodings.cbor import head
from tests.signing.make_notary import SIGNED_AT, NotaryMaker

ALGORITHMS = {"PS256": -37, "PS384": -38, "PS512": -39, "ES256": -7, "ES384": -35, "ES512": -36}
SECONDS = int(SIGNED_AT.timestamp())


class Tag:
    """A value under a tag."""

    def __init__(self, tag: int, value: Any) -> None:
        self.tag, self.value = tag, value


def dumps(value: Any) -> bytes:
    """Write CBOR in its shortest form."""
    match value:
        case bool():
            return bytes([0xF5 if value else 0xF4])
        case None:
            return b"\xf6"
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(dumps, value))
        case dict():
            items = [dumps(key) + dumps(each) for key, each in value.items()]
            return head(5, len(items)) + b"".join(items)
        case Tag():
            return head(6, value.tag) + dumps(value.value)
    raise TypeError(type(value))


def cose_envelope(
    maker: NotaryMaker,
    target: dict[str, Any],
    *,
    headers: dict[Any, Any] | None = None,
    beside: dict[Any, Any] | None = None,
    signed_by: NotaryMaker | None = None,
) -> bytes:
    """An envelope over ``target``; ``headers`` replace protected ones, ``beside`` the others."""
    protected = {
        1: ALGORITHMS[maker.algorithm],
        2: ["io.cncf.notary.signingScheme"],
        3: "application/vnd.cncf.notary.payload.v1+json",
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": Tag(1, SECONDS),
    } | (headers or {})
    chain = [maker.certificate, maker.root.certificate]
    unprotected = {33: [each.public_bytes(Encoding.DER) for each in chain]} | (beside or {})
    encoded, payload = dumps(protected), json.dumps({"targetArtifact": target}).encode()
    signed = dumps(["Signature1", encoded, b"", payload])
    signature = (signed_by or maker).sign(signed)
    return dumps(Tag(18, [encoded, unprotected, payload, signature]))

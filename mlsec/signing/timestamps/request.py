"""RFC 3161 timestamp requests, and the check that an answer belongs to its request."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.asn1 import Null, encode_der
from cryptography.x509 import ObjectIdentifier

from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps.token import read_timestamp

NONCE_BYTES = 8
_SHA256 = "2.16.840.1.101.3.4.2.1"


def timestamp_request(data: bytes, nonce: bytes) -> bytes:
    """Encode a TimeStampReq over the SHA-256 of ``data``, asking for the certificates too.

    Source: RFC 3161, section 2.4.1.
    """
    from mlsec.signing.timestamps import structures as asn1  # noqa: PLC0415

    algorithm = asn1.AlgorithmIdentifier(algorithm=ObjectIdentifier(_SHA256), parameters=Null())
    imprint = asn1.MessageImprint(
        hash_algorithm=algorithm, hashed_message=hashlib.sha256(data).digest()
    )
    number = int.from_bytes(nonce, "big")
    return encode_der(
        asn1.TimeStampReq(version=1, message_imprint=imprint, nonce=number, cert_req=True)
    )


def check_answer(answer: bytes, data: bytes, nonce: bytes) -> None:
    """Refuse an answer that is no timestamp over ``data``, or answers another question.

    Its authority is verified only by who verifies the signature.

    Raises:
        MalformedError: refused by the authority, another shape, another digest, another nonce.
    """
    stamp = read_timestamp(answer)
    if stamp.imprint_hash != "sha256" or stamp.imprint != hashlib.sha256(data).digest():
        raise MalformedError("the timestamp covers other data than the signature")
    if stamp.nonce != int.from_bytes(nonce, "big"):  # RFC 3161: it must be in the answer
        raise MalformedError("the timestamp answers another question: its nonce differs")

"""Asks for an RFC 3161 timestamp: the request's bytes, and what an answer must say to be kept."""

from __future__ import annotations

import hashlib

from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps import der
from mlsec.signing.timestamps.token import read_timestamp

# AlgorithmIdentifier of SHA-256 with NULL parameters (RFC 5754, section 2.2).
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
NONCE_BYTES = 8


def timestamp_request(data: bytes, nonce: bytes) -> bytes:
    """The DER of a TimeStampReq over the SHA-256 of ``data``, asking for the certificates too.

    Source: RFC 3161, section 2.4.1.
    """
    imprint = _element(
        der.SEQUENCE, _SHA256 + _element(der.OCTET_STRING, hashlib.sha256(data).digest())
    )
    number = int.from_bytes(nonce, "big")
    fields = _element(der.INTEGER, b"\x01") + imprint
    fields += _element(der.INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
    return _element(der.SEQUENCE, fields + _element(der.BOOLEAN, b"\xff"))


def check_answer(answer: bytes, data: bytes, nonce: bytes) -> None:
    """Refuse an answer that is no timestamp over ``data``, or answers another question.

    Who made it is not judged here: whoever verifies says whom to believe.

    Raises:
        MalformedError: refused by the authority, another shape, another digest, another nonce.
    """
    stamp = read_timestamp(answer)
    if stamp.imprint_digest != "sha256" or stamp.imprint != hashlib.sha256(data).digest():
        raise MalformedError("the timestamp is over other data than the signature")
    if stamp.nonce != int.from_bytes(nonce, "big"):  # RFC 3161: it must be in the answer
        raise MalformedError("the timestamp answers another question: its nonce differs")


def _element(tag: int, content: bytes) -> bytes:
    # Nothing here is longer than 127 octets, so that one octet holds every length.
    return bytes((tag, len(content))) + content

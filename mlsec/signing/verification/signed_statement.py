"""Signed in-toto statements: the signature by a trusted key, its time, and what it says."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.bundles.bundle import Bundle
from mlsec.signing.bundles.bundle_reader import parse_bundle
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.errors import MalformedError, SigningError
from mlsec.signing.keys.algorithms import usual_algorithm, verify_signature
from mlsec.signing.keys.public_keys import load_public_key
from mlsec.signing.manifests.statement import (
    PAYLOAD_TYPE,
    STATEMENT_TYPE,
    Statement,
    parse_statement,
)

if TYPE_CHECKING:
    from mlsec.signing.certificates.certificate import Authority

_CLOCK_SKEW = datetime.timedelta(minutes=5)


class SignedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement whose signature holds.

    ``signed_at`` is the earliest time that one of the given authorities vouches for;
    ``has_other_time`` says that there is a timestamp which could not be checked.
    """

    statement: Statement
    key_fingerprint: str
    signed_at: datetime.datetime | None = None
    has_other_time: bool = False


def read_signed_statement(
    bundle: bytes,
    public_key: bytes,
    authorities: Sequence[Authority] = (),
    *,
    now: datetime.datetime,
) -> SignedStatement:
    """Check that a key signed a statement, and give what it says.

    Args:
        bundle: a Sigstore bundle or bare DSSE envelope with one in-toto statement.
        public_key: SubjectPublicKeyInfo in PEM or DER.
        authorities: whose RFC 3161 timestamps count; with none they are not checked.
        now: no timestamp may be from later; aware.

    Raises:
        MalformedError: not such a bundle, statement or key.
        SigningError: no signature by this key, or a timestamp that does not hold.
    """
    parsed = parse_bundle(bundle)
    envelope = parsed.envelope
    if envelope is None or envelope.payload_type != PAYLOAD_TYPE:
        raise MalformedError("the bundle holds no in-toto statement")
    key = load_public_key(public_key)
    signed = pae(envelope.payload_type, envelope.payload)
    for signature in envelope.signatures:
        if verify_signature(key, usual_algorithm(key), signature.signature, data=signed):
            break
    else:
        raise SigningError(
            "the signature is not of this key and content",
            hint="another key signed it, or it was changed after it was signed",
        )
    statement = parse_statement(envelope.payload)
    if statement.type != STATEMENT_TYPE:
        raise MalformedError(f'the statement is of type "{statement.type[:100]}"')
    signed_at = _signed_at(parsed, signature.signature, authorities, now)
    return SignedStatement(
        statement=statement,
        key_fingerprint=key.fingerprint,
        signed_at=signed_at,
        has_other_time=signed_at is None and bool(parsed.material.timestamps),
    )


def _signed_at(
    bundle: Bundle, signature: bytes, authorities: Sequence[Authority], now: datetime.datetime
) -> datetime.datetime | None:
    tokens = bundle.material.timestamps
    if not tokens or not authorities:
        return None
    from mlsec.signing.timestamps.token import read_timestamp  # noqa: PLC0415
    from mlsec.signing.timestamps.verify import verify_timestamp  # noqa: PLC0415

    times = [verify_timestamp(read_timestamp(token), signature, authorities) for token in tokens]
    earliest = min(times)
    if earliest > now + _CLOCK_SKEW:
        raise SigningError(f"the timestamp is of the future: {earliest:%Y-%m-%dT%H:%M:%SZ}")
    return earliest

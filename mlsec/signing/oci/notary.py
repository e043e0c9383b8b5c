"""Verifies a Notary Project signature: who signed which OCI artifact, and does it still count."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.certificates.certificate import (
    Authority,
    Purpose,
    read_certificate,
    verify_path,
)
from mlsec.signing.certificates.identities import identities_of
from mlsec.signing.certificates.revocation import RevocationList, check_not_revoked
from mlsec.signing.errors import MalformedError
from mlsec.signing.keys import public_keys as keys
from mlsec.signing.oci import distinguished_name as subject
from mlsec.signing.oci.notary_jws import ALGORITHMS, NotaryEnvelope, Scheme
from mlsec.signing.signatures.trusted_time import trusted_times
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.trust.policy import TimestampRequirement
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Identity, SignatureVerdict, Signer, TrustedTime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class NotaryTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a Notary signature is measured by.

    ``identity`` is exact, or a trusted identity as Notary's policies write it. Only with
    ``may_vouch_for_time`` are ``roots`` those of a signing authority, whose word for the time of
    signing is taken; they then vouch for nobody else.
    """

    roots: tuple[Certificate, ...]
    identity: IdentityRule
    now: datetime
    authorities: tuple[Authority, ...] = ()
    revoked: Sequence[RevocationList] = ()
    stamping: TimestampRequirement = TimestampRequirement.WHEN_EXPIRED
    may_vouch_for_time: bool = False


def verify_notary(envelope: NotaryEnvelope, trust: NotaryTrust) -> SignatureVerdict:
    """Verify one envelope; the target it names is then the caller's to compare.

    Returns:
        A check for each step; ``signer`` is set once signature and chain hold.
    """
    steps = Steps()
    chain = steps.run(
        "certificate/readable",
        "the certificates can be read",
        lambda: tuple(read_certificate(each) for each in envelope.certificates),
    )
    if chain is None:
        return SignatureVerdict(checks=steps.checks)
    is_signed = steps.run(
        "signature/valid",
        "the signature fits the key and the content",
        partial(_check_signature, envelope, chain[0]),
    )
    times = _times(steps, envelope, trust)
    steps.run(
        "notary/scheme", "the time is vouched for as agreed", partial(_scheme, envelope, trust)
    )
    steps.run("notary/expiry", "the signature has not expired", partial(_expiry, envelope, trust))
    path = steps.run(
        "certificate/leads-to-anchor",
        "the chain leads to an anchor of the policy",
        partial(_path, envelope, chain, trust, times),
    )
    signer = _signer(chain[0], envelope) if path and is_signed else None
    if path and trust.revoked:
        signed_at = times[0].at if times else None
        steps.run(
            "certificate/not-revoked",
            "no certificate of the chain was revoked",
            partial(_not_revoked, path, trust, signed_at),
        )
    if signer is not None:
        steps.run(
            "signer/named",
            "the signer is the one the policy names",
            partial(_named, signer.identities, trust.identity),
        )
    return SignatureVerdict(checks=steps.checks, signer=signer, times=times)


def _check_signature(envelope: NotaryEnvelope, leaf: Certificate) -> bool:
    algorithm, kind, size = ALGORITHMS[envelope.algorithm]
    key = keys.public_key_of(leaf.public_key())
    if (key.kind, key.size_bits) != (kind, size):
        raise CheckFailedError(
            "the signature algorithm is not the one for this key",
            expected=f"{kind.value} of {size} bits",
            actual=f"{key.kind.value} of {key.size_bits} bits",
        )
    signature = envelope.signature
    if kind is not keys.KeyKind.RSA:
        signature = keys.der_of_p1363(signature, key)
    if not keys.verify_signature(key, algorithm, signature, data=envelope.signed):
        raise CheckFailedError("the signature is not of this key over this content")
    return True


def _times(steps: Steps, envelope: NotaryEnvelope, trust: NotaryTrust) -> tuple[TrustedTime, ...]:
    tokens = (envelope.timestamp,) if envelope.timestamp else ()
    stamped = trusted_times(
        tokens, envelope.signature, trust.authorities, trust.stamping, trust.now
    )
    steps.add(*stamped.checks)
    return stamped.times


def _scheme(envelope: NotaryEnvelope, trust: NotaryTrust) -> bool:
    if (envelope.scheme is Scheme.SIGNING_AUTHORITY) is not trust.may_vouch_for_time:
        raise CheckFailedError(
            "the signature's scheme is not the one that the anchor is trusted for",
            actual=envelope.scheme.value,
        )
    if envelope.signing_time > trust.now:
        raise CheckFailedError(
            "the signature is from the future", actual=f"{envelope.signing_time:%Y-%m-%dT%H:%M:%SZ}"
        )
    return True


def _expiry(envelope: NotaryEnvelope, trust: NotaryTrust) -> bool:
    if envelope.expiry is not None and trust.now >= envelope.expiry:
        raise CheckFailedError(
            "the signature has expired, as its signer meant it to",
            expected=f"before {envelope.expiry:%Y-%m-%dT%H:%M:%SZ}",
            actual=f"{trust.now:%Y-%m-%dT%H:%M:%SZ}",
            hint="have the artifact signed again",
        )
    return True


def _path(
    envelope: NotaryEnvelope,
    chain: tuple[Certificate, ...],
    trust: NotaryTrust,
    times: tuple[TrustedTime, ...],
) -> tuple[Certificate, ...]:
    leaf = chain[0]
    at = times[0].at if times else trust.now
    if envelope.scheme is Scheme.SIGNING_AUTHORITY and trust.may_vouch_for_time:
        at = envelope.signing_time
    if leaf in trust.roots:
        # The policy names this very certificate; its dates still bound it.
        if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            raise CheckFailedError(
                "the certificate is not valid at the time", actual=f"{at:%Y-%m-%dT%H:%M:%SZ}"
            )
        return (leaf,)
    return verify_path(
        leaf, chain[1:], trust.roots, at, Purpose.CODE_SIGNING, may_lack_purpose=True
    )


def _not_revoked(
    path: tuple[Certificate, ...], trust: NotaryTrust, signed_at: datetime | None
) -> bool:
    check_not_revoked(path, trust.revoked, now=trust.now, signed_at=signed_at)
    return True


def _signer(leaf: Certificate, envelope: NotaryEnvelope) -> Signer:
    key = keys.public_key_of(leaf.public_key())
    return Signer(
        key_fingerprint=key.fingerprint,
        algorithm=ALGORITHMS[envelope.algorithm][0].value,
        certificate_fingerprint="sha256:" + hashlib.sha256(envelope.certificates[0]).hexdigest(),
        identities=identities_of(leaf),
        serial_number=f"{leaf.serial_number:x}",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
    )


def _named(identities: tuple[Identity, ...], wanted: IdentityRule) -> bool:
    try:
        if wanted.value.startswith(subject.PREFIX):
            is_right = subject.fits(wanted.value, identities)
        else:
            is_right = wanted.find(identities) is not None
    except MalformedError as error:
        raise CheckFailedError(error.message, actual=wanted.shown()) from None
    if not is_right:
        raise CheckFailedError(
            "somebody else signed",
            expected=wanted.shown(),
            actual=", ".join(f"{one.type.value}:{one.value}" for one in identities),
            hint="if this signer is right, name it in the policy",
        )
    return True

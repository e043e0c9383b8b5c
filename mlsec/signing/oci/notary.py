"""Verifies Notary Project signatures over OCI artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography.x509 import Certificate

from mlsec.signing.certificates.certificate import Authority, Purpose, read_certificate, verify_path
from mlsec.signing.certificates.identities import certified_signer, identities_of
from mlsec.signing.certificates.revocation import RevocationList, check_not_revoked
from mlsec.signing.errors import MalformedError
from mlsec.signing.keys.algorithms import der_of_p1363, verify_signature
from mlsec.signing.keys.public_keys import KeyKind, public_key_of
from mlsec.signing.oci.distinguished_name import PREFIX, has_required_attributes
from mlsec.signing.oci.notary_jws import ALGORITHMS, NotaryEnvelope, Scheme
from mlsec.signing.signatures.signer_checks import check_identity, other_signer
from mlsec.signing.signatures.trusted_time import trusted_times
from mlsec.signing.trust.identity_rule import IdentityRule
from mlsec.signing.trust.policy import TimestampRequirement
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Identity, SignatureVerdict, TrustedTime, time_text


class NotaryTrust(msgspec.Struct, frozen=True, kw_only=True):
    """What a Notary signature is verified by.

    ``identity`` is exact, or a trusted identity as Notary's policies write it. Only with
    ``may_vouch_for_time`` are ``roots`` those of a signing authority, whose word for the time of
    signing is taken; they then vouch for nobody else.
    """

    roots: tuple[Certificate, ...]
    identity: IdentityRule
    now: datetime
    authorities: tuple[Authority, ...] = ()
    revoked: Sequence[RevocationList] = ()
    timestamps: TimestampRequirement = TimestampRequirement.WHEN_EXPIRED
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
        lambda: tuple(read_certificate(encoded) for encoded in envelope.certificates),
    )
    if chain is None:
        return SignatureVerdict(checks=steps.checks)
    what = "the signature matches the key and the content"
    is_signed = steps.holds("signature/valid", what, _check_signature, envelope, chain[0])
    tokens = (envelope.timestamp,) if envelope.timestamp else ()
    trusted = trusted_times(
        tokens, envelope.signature, trust.authorities, trust.timestamps, trust.now
    )
    steps.add(*trusted.checks)
    what = "the time is attested as the signing scheme requires"
    steps.run("notary/scheme", what, _check_scheme, envelope, trust)
    steps.run("notary/expiry", "the signature has not expired", _check_expiry, envelope, trust)
    what = "the chain leads to an anchor of the policy"
    path = steps.run(
        "certificate/leads-to-anchor", what, _path, envelope, chain, trust, trusted.times
    )
    if not path:
        return SignatureVerdict(checks=steps.checks, times=trusted.times)
    if trust.revoked:
        steps.run(
            "certificate/not-revoked",
            "no certificate of the chain was revoked",
            check_not_revoked,
            path,
            trust.revoked,
            now=trust.now,
            signed_at=trusted.earliest,
        )
    signer = None
    if is_signed:
        algorithm = ALGORITHMS[envelope.algorithm][0]
        signer = certified_signer(chain[0], algorithm, identities_of(chain[0]))
        what = "the signer is the one the policy names"
        steps.run("signer/named", what, _check_named, trust.identity, signer.identities)
    return SignatureVerdict(checks=steps.checks, signer=signer, times=trusted.times)


def _check_signature(envelope: NotaryEnvelope, leaf: Certificate) -> None:
    algorithm, kind, size = ALGORITHMS[envelope.algorithm]
    key = public_key_of(leaf.public_key())
    if (key.kind, key.size_bits) != (kind, size):
        raise CheckFailedError(
            "the signature algorithm is not the one for this key",
            expected=f"{kind.value} of {size} bits",
            actual=f"{key.kind.value} of {key.size_bits} bits",
        )
    signature = envelope.signature
    if kind is not KeyKind.RSA:
        signature = der_of_p1363(signature, key)
    if not verify_signature(key, algorithm, signature, data=envelope.signed):
        raise CheckFailedError("the signature does not match this key and content")


def _check_scheme(envelope: NotaryEnvelope, trust: NotaryTrust) -> None:
    if (envelope.scheme is Scheme.SIGNING_AUTHORITY) is not trust.may_vouch_for_time:
        raise CheckFailedError(
            "the signature's scheme is not the one that the anchor is trusted for",
            actual=envelope.scheme.value,
        )
    if envelope.signing_time > trust.now:
        raise CheckFailedError(
            "the signature is from the future", actual=time_text(envelope.signing_time)
        )


def _check_expiry(envelope: NotaryEnvelope, trust: NotaryTrust) -> None:
    if envelope.expiry is not None and trust.now >= envelope.expiry:
        raise CheckFailedError(
            "the signature has passed the expiry that its signer set",
            expected=f"before {time_text(envelope.expiry)}",
            actual=time_text(trust.now),
            hint="have the artifact signed again",
        )


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
            what = "the certificate is not valid at the time"
            raise CheckFailedError(what, actual=time_text(at))
        return (leaf,)
    return verify_path(
        leaf, chain[1:], trust.roots, at, Purpose.CODE_SIGNING, may_lack_purpose=True
    )


def _check_named(rule: IdentityRule, identities: tuple[Identity, ...]) -> None:
    if not rule.value.startswith(PREFIX):
        check_identity(rule, identities)
        return
    try:
        is_named = has_required_attributes(rule.value, identities)
    except MalformedError as error:
        raise CheckFailedError(error.message, actual=rule.text()) from None
    if not is_named:
        raise other_signer(rule, identities)

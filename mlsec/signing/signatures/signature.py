"""One signature against one signer of the policy: every step a check with its reason."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope, MaterialKind
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.certificates.identities import identities_of
from mlsec.signing.certificates.signer_chain import ChainRules, verify_chain
from mlsec.signing.errors import UnsupportedError
from mlsec.signing.keys.public_keys import (
    GOOD_RSA_BITS,
    Algorithm,
    KeyKind,
    PublicKey,
    public_key_of,
    usual_algorithm,
    verify_signature,
)
from mlsec.signing.signatures.legacy import has_legacy_signature
from mlsec.signing.signatures.signer_checks import (
    check_identity,
    check_issuer,
    check_key_window,
    denied_checks,
)
from mlsec.signing.signatures.trusted_time import trusted_times
from mlsec.signing.trust.anchors import LoadedAnchor, LoadedKey, LoadedSigstore, LoadedX509
from mlsec.signing.trust.policy import Defaults, Permission, Profile, SignerRule, TrustPolicy
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import Check, SignatureVerdict, Signer, failed


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """What every signature of one verification is judged by.

    ``digests`` (hash name -> digest) are those of a single-file model that was signed as it is.
    """

    defaults: Defaults
    now: datetime.datetime
    may_be_authority: bool
    denied: frozenset[str]
    digests: Mapping[str, bytes] = {}


def criteria_of(policy: TrustPolicy, profile: Profile, now: datetime.datetime) -> Criteria:
    """What a policy judges every signature by, under a profile."""
    is_compat = profile is Profile.COMPAT
    return Criteria(
        defaults=policy.defaults,
        now=now,
        may_be_authority=is_compat or policy.defaults.ca_leaf is Permission.ALLOW,
        denied=policy.denied_fingerprints,
    )


class SignatureInput(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of an envelope (its index), and the signer it should be of.

    With ``blob`` it is the bundle's message signature over those bytes, with ``digests`` (hash
    name -> digest) over a file that has them.
    """

    bundle: Bundle
    envelope: Envelope
    index: int
    rule: SignerRule
    anchor: LoadedAnchor
    blob: bytes | None = None
    digests: Mapping[str, bytes] | None = None

    @property
    def signature(self) -> bytes:
        """The signature's bytes."""
        if self.blob is not None and self.bundle.message is not None:
            return self.bundle.message.signature
        return self.envelope.signatures[self.index].signature

    @property
    def signed(self) -> bytes:
        """The bytes it must be over."""
        if self.blob is not None:
            return self.blob
        return pae(self.envelope.payload_type, self.envelope.payload)


_HASHES = ("sha256", "sha384", "sha512")


def fits_anchor(bundle: Bundle, anchor: LoadedAnchor) -> bool:
    """Whether a bundle brings what an anchor of this type can be asked about."""
    kind = bundle.material.kind
    match anchor:
        case LoadedKey():
            return kind in (MaterialKind.PUBLIC_KEY, MaterialKind.NONE)
        case LoadedX509():
            is_certified = kind in (MaterialKind.CHAIN, MaterialKind.CERTIFICATE)
            return is_certified and not anchor.rule.is_signing_authority
        case LoadedSigstore():
            has_proof = bundle.material.log_entries or bundle.material.timestamps
            return kind is MaterialKind.CERTIFICATE or (
                kind is MaterialKind.CHAIN and bool(has_proof)
            )


def judge(question: SignatureInput, criteria: Criteria) -> SignatureVerdict:
    """Judge one signature; good only when every check holds."""
    match question.anchor:
        case LoadedKey():
            found = _by_key(question, question.anchor, criteria)
        case LoadedX509():
            found = _by_certificate(question, question.anchor, criteria)
        case LoadedSigstore():
            found = _by_sigstore(question, question.anchor)
    denied = denied_checks(found.signer, criteria.denied)
    return msgspec.structs.replace(
        found,
        anchor=question.rule.anchor,
        checks=(*found.checks, *denied),
        number=question.index + 1,
    )


def _by_key(question: SignatureInput, anchor: LoadedKey, criteria: Criteria) -> SignatureVerdict:
    steps = Steps()
    is_good = _check_signature(steps, question, anchor.key, criteria)
    stamped = trusted_times(
        question.bundle.material.timestamps,
        question.signature,
        anchor.authorities,
        criteria.defaults.timestamp,
        criteria.now,
    )
    steps.add(*stamped.checks)
    at = stamped.earliest or criteria.now
    _run(
        steps,
        "key/valid-then",
        "the key is trusted for this time",
        partial(check_key_window, anchor.rule, at),
    )
    return SignatureVerdict(
        checks=steps.checks,
        signer=_signer_of(anchor.key) if is_good else None,
        times=stamped.times,
    )


def _by_certificate(
    question: SignatureInput, anchor: LoadedX509, criteria: Criteria
) -> SignatureVerdict:
    steps = Steps()
    stamped = trusted_times(
        question.bundle.material.timestamps,
        question.signature,
        anchor.authorities,
        criteria.defaults.timestamp,
        criteria.now,
    )
    steps.add(*stamped.checks)
    rules = ChainRules(
        roots=anchor.roots,
        at=stamped.earliest or criteria.now,
        now=criteria.now,
        signed_at=stamped.earliest,
        revoked=anchor.revoked,
        may_be_authority=criteria.may_be_authority,
    )
    path = verify_chain(question.bundle.material.certificates, rules, steps)
    if path is None:
        return SignatureVerdict(checks=steps.checks, times=stamped.times)
    leaf = path[0]
    key = steps.run(
        "key/accepted",
        "the key is of a kind that is accepted",
        lambda: public_key_of(leaf.public_key()),
    )
    if key is None or not _check_signature(steps, question, key, criteria):
        return SignatureVerdict(checks=steps.checks, times=stamped.times)
    identities = steps.run(
        "signer/readable", "the signer's names can be read", lambda: identities_of(leaf)
    )
    signer = msgspec.structs.replace(
        _signer_of(key),
        certificate_fingerprint=_fingerprint(question.bundle.material.certificates[0]),
        identities=identities or (),
        serial_number=f"{leaf.serial_number:x}",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
    )
    _run(
        steps,
        "signer/named",
        "the signer is the one the policy names",
        partial(check_identity, question.rule, signer),
    )
    return SignatureVerdict(checks=steps.checks, signer=signer, times=stamped.times)


def _by_sigstore(question: SignatureInput, anchor: LoadedSigstore) -> SignatureVerdict:
    blob = question.blob
    digests = question.digests or {}
    if blob is not None:
        digests = {name: hashlib.new(name, blob).digest() for name in _HASHES}
    from mlsec.signing.sigstore.verify import verify_sigstore  # noqa: PLC0415

    tried = [verify_sigstore(question.bundle, root, digests=digests) for root in anchor.roots]
    best = max(tried, key=lambda one: (one.is_good, one.signer is not None, len(one.checks)))
    steps = Steps()
    steps.add(*best.checks)
    if best.signer is not None:
        signer = best.signer
        _run(
            steps,
            "signer/issuer",
            "the policy's issuer vouched for the signer",
            partial(check_issuer, question.rule, signer),
        )
        _run(
            steps,
            "signer/named",
            "the signer is the one the policy names",
            partial(check_identity, question.rule, signer),
        )
    elif best.is_good:
        steps.add(failed("signer/named", "nobody is known to have signed"))
    return msgspec.structs.replace(best, checks=steps.checks)


def _check_signature(
    steps: Steps, question: SignatureInput, key: PublicKey, criteria: Criteria
) -> bool:
    if key.kind is KeyKind.RSA and key.size_bits < GOOD_RSA_BITS:
        weak = failed(
            "key/strong",
            "the RSA key is short",
            expected=f"{GOOD_RSA_BITS} bits",
            actual=f"{key.size_bits} bits",
            fix="sign with a new key",
        )
        steps.add(msgspec.structs.replace(weak, is_fatal=False))
    is_old: list[Check] = []

    def check() -> bool:
        algorithm = usual_algorithm(key)
        if question.digests is not None:
            is_good = _fits_digest(key, algorithm, question.signature, question.digests)
        else:
            is_good = verify_signature(key, algorithm, question.signature, data=question.signed)
        if is_good:
            return True
        if criteria.defaults.legacy and has_legacy_signature(
            key, question.envelope, question.signature
        ):
            is_old.append(_OLD_ENCODING)
            return True
        raise CheckFailedError(
            "the signature is not of this key over this content",
            hint="the payload or the signature was changed, or another key signed",
        )

    found = _run(steps, "signature/valid", "the signature fits the key and the content", check)
    steps.add(*is_old)
    return found


def _fits_digest(
    key: PublicKey, algorithm: Algorithm, signature: bytes, digests: Mapping[str, bytes]
) -> bool:
    digest = digests.get(algorithm.hash_name)
    if digest is None:
        raise UnsupportedError(
            f"the file was not hashed as {algorithm.value} needs it",
            hint="sign the model as a model (mlsec sign)",
        )
    return verify_signature(key, algorithm, signature, digest=digest)


_OLD_ENCODING = msgspec.structs.replace(
    failed(
        "signature/current-encoding",
        "signed in the form of before v1.0, which is weaker",
        fix="sign again with a current signer, then set legacy: false",
    ),
    is_fatal=False,
)


def _signer_of(key: PublicKey) -> Signer:
    return Signer(key_fingerprint=key.fingerprint, algorithm=usual_algorithm(key).value)


def _run(steps: Steps, check_id: str, what: str, step: Callable[[], bool]) -> bool:
    return bool(steps.run(check_id, what, step))


def _fingerprint(certificate: bytes) -> str:
    return "sha256:" + hashlib.sha256(certificate).hexdigest()

"""Verifies one signature against one signer of the policy; every step becomes a check."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope, MaterialKind
from mlsec.signing.bundles.dsse import pae
from mlsec.signing.errors import UnsupportedError
from mlsec.signing.keys.algorithms import usual_algorithm, verify_signature
from mlsec.signing.keys.public_keys import GOOD_RSA_BITS, KeyKind, PublicKey, public_key_of
from mlsec.signing.signatures.legacy import has_legacy_signature
from mlsec.signing.signatures.signer_checks import (
    check_identity,
    check_issuer,
    check_key_window,
    denied_checks,
)
from mlsec.signing.signatures.trusted_time import TrustedTimes, trusted_times
from mlsec.signing.trust.anchors import LoadedAnchor, LoadedKey, LoadedSigstore, LoadedX509
from mlsec.signing.trust.policy import Defaults, Permission, Profile, SignerRule, TrustPolicy
from mlsec.signing.verdicts.steps import CheckFailedError, Steps
from mlsec.signing.verdicts.verdict import SignatureVerdict, Signer, failed

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_HASHES = ("sha256", "sha384", "sha512")


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
    """Return what a policy judges every signature by, under a profile."""
    is_compat = profile is Profile.COMPAT
    return Criteria(
        defaults=policy.defaults,
        now=now,
        may_be_authority=is_compat or policy.defaults.ca_leaf is Permission.ALLOW,
        denied=policy.denied_fingerprints,
    )


class SignatureInput(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of an envelope (its index), and the signer that it should be by.

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


def fits_anchor(bundle: Bundle, anchor: LoadedAnchor) -> bool:
    """Whether a bundle has the material that an anchor of this type verifies."""
    kind = bundle.material.kind
    match anchor:
        case LoadedKey():
            return kind in (MaterialKind.PUBLIC_KEY, MaterialKind.NONE)
        case LoadedX509():
            has_certificate = kind in (MaterialKind.CHAIN, MaterialKind.CERTIFICATE)
            return has_certificate and not anchor.rule.is_signing_authority
        case LoadedSigstore():
            has_proof = bool(bundle.material.log_entries or bundle.material.timestamps)
            return kind is MaterialKind.CERTIFICATE or (kind is MaterialKind.CHAIN and has_proof)


def verify_against_signer(signature: SignatureInput, criteria: Criteria) -> SignatureVerdict:
    """Verify one signature; good only when every check holds."""
    match signature.anchor:
        case LoadedKey():
            verdict = _by_key(signature, signature.anchor, criteria)
        case LoadedX509():
            verdict = _by_certificate(signature, signature.anchor, criteria)
        case LoadedSigstore():
            verdict = _by_sigstore(signature, signature.anchor)
    return msgspec.structs.replace(
        verdict,
        anchor=signature.rule.anchor,
        checks=(*verdict.checks, *denied_checks(verdict.signer, criteria.denied)),
        number=signature.index + 1,
    )


def _times(
    signature: SignatureInput, anchor: LoadedKey | LoadedX509, criteria: Criteria
) -> TrustedTimes:
    return trusted_times(
        signature.bundle.material.timestamps,
        signature.signature,
        anchor.authorities,
        criteria.defaults.timestamp,
        criteria.now,
    )


def _by_key(signature: SignatureInput, anchor: LoadedKey, criteria: Criteria) -> SignatureVerdict:
    steps = Steps()
    key, signer = anchor.key, None
    if _check_signature(steps, signature, key, criteria):
        signer = Signer(key_fingerprint=key.fingerprint, algorithm=usual_algorithm(key).value)
    times = _times(signature, anchor, criteria)
    steps.add(*times.checks)
    at = times.earliest or criteria.now
    what = "the key is trusted for this time"
    steps.run("key/valid-then", what, check_key_window, anchor.rule, at)
    return SignatureVerdict(checks=steps.checks, signer=signer, times=times.times)


def _by_certificate(
    signature: SignatureInput, anchor: LoadedX509, criteria: Criteria
) -> SignatureVerdict:
    from mlsec.signing.certificates.signer_chain import ChainRules, verify_chain  # noqa: PLC0415

    steps = Steps()
    times = _times(signature, anchor, criteria)
    steps.add(*times.checks)
    rules = ChainRules(
        roots=anchor.roots,
        at=times.earliest or criteria.now,
        now=criteria.now,
        signed_at=times.earliest,
        revoked=anchor.revoked,
        may_be_authority=criteria.may_be_authority,
    )
    path = verify_chain(signature.bundle.material.certificates, rules, steps)
    signer = _certified(steps, signature, path[0], criteria) if path else None
    return SignatureVerdict(checks=steps.checks, signer=signer, times=times.times)


def _certified(
    steps: Steps, signature: SignatureInput, leaf: Certificate, criteria: Criteria
) -> Signer | None:
    from mlsec.signing.certificates.identities import (  # noqa: PLC0415
        certified_signer,
        identities_of,
    )

    what = "the key is of a kind that is accepted"
    key = steps.run("key/accepted", what, public_key_of, leaf.public_key())
    if key is None or not _check_signature(steps, signature, key, criteria):
        return None
    what = "the signer's names can be read"
    identities = steps.run("signer/readable", what, identities_of, leaf)
    signer = certified_signer(leaf, usual_algorithm(key), identities or ())
    _check_named(steps, signature.rule, signer)
    return signer


def _check_named(steps: Steps, rule: SignerRule, signer: Signer) -> None:
    what = "the signer is the one the policy names"
    steps.run("signer/named", what, check_identity, rule.identity, signer.identities)


def _by_sigstore(signature: SignatureInput, anchor: LoadedSigstore) -> SignatureVerdict:
    from mlsec.signing.sigstore.verify import verify_sigstore  # noqa: PLC0415

    digests = signature.digests or {}
    if signature.blob is not None:
        digests = {name: hashlib.new(name, signature.blob).digest() for name in _HASHES}
    verdict = max(
        (verify_sigstore(signature.bundle, root, digests=digests) for root in anchor.roots),
        key=lambda tried: (tried.is_good, tried.signer is not None, len(tried.checks)),
    )
    steps = Steps()
    steps.add(*verdict.checks)
    if verdict.signer is not None:
        what = "the policy's issuer vouched for the signer"
        steps.run("signer/issuer", what, check_issuer, signature.rule, verdict.signer)
        _check_named(steps, signature.rule, verdict.signer)
    elif verdict.is_good:
        steps.add(failed("signer/named", "the signer is not known"))
    return msgspec.structs.replace(verdict, checks=steps.checks)


def _check_signature(
    steps: Steps, signature: SignatureInput, key: PublicKey, criteria: Criteria
) -> bool:
    if key.kind is KeyKind.RSA and key.size_bits < GOOD_RSA_BITS:
        steps.add(
            failed(
                "key/strong", "the RSA key is short", expected=f"{GOOD_RSA_BITS} bits",
                actual=f"{key.size_bits} bits", fix="sign with a new key", is_fatal=False,
            )
        )  # fmt: skip
    what = "the signature matches the key and the content"
    is_legacy = steps.run("signature/valid", what, _verify, signature, key, criteria)
    if is_legacy:
        steps.add(_LEGACY_ENCODING)
    return is_legacy is not None


_LEGACY_ENCODING = failed(
    "signature/current-encoding",
    "signed in the weaker encoding used before v1.0",
    fix="sign again with a current signer, then set legacy: false",
    is_fatal=False,
)


def _verify(signature: SignatureInput, key: PublicKey, criteria: Criteria) -> bool:
    """Check the signature itself; whether it holds in the encoding of before v1.0 only."""
    algorithm = usual_algorithm(key)
    if signature.digests is None:
        is_good = verify_signature(key, algorithm, signature.signature, data=signature.signed)
    else:
        digest = signature.digests.get(algorithm.hash_name)
        if digest is None:
            raise UnsupportedError(
                f"the file was not hashed as {algorithm.value} needs it",
                hint="sign the model as a model (mlsec sign)",
            )
        is_good = verify_signature(key, algorithm, signature.signature, digest=digest)
    if not is_good and not (
        criteria.defaults.legacy
        and has_legacy_signature(key, signature.envelope, signature.signature)
    ):
        raise CheckFailedError(
            "the signature does not match this key and content",
            hint="the payload or signature was changed, or another key signed it",
        )
    return not is_good

"""One signature against one signer of the policy: every step a check with its reason."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from mlsec.signing.anchors import Loaded, LoadedKey, LoadedSigstore, LoadedX509
from mlsec.signing.bundle import Bundle, Envelope, MaterialKind
from mlsec.signing.dsse import pae
from mlsec.signing.identities import identities_of
from mlsec.signing.keys import (
    GOOD_RSA_BITS,
    KeyKind,
    PublicKey,
    public_key_of,
    usual_algorithm,
    verify_signature,
)
from mlsec.signing.legacy import is_signed_the_old_way
from mlsec.signing.policy import Defaults, KeyAnchor, SignerRule
from mlsec.signing.refusal import RefusedError, Steps
from mlsec.signing.stamps import trusted_times
from mlsec.signing.verdict import (
    Check,
    SignatureVerdict,
    Signer,
    failed,
)
from mlsec.signing.x509path import ChainRules, verify_chain


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What every signature of one verification is judged by."""

    defaults: Defaults
    now: datetime.datetime
    may_be_authority: bool
    denied: frozenset[str]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One signature of an envelope (its index), and the signer it should be of.

    With ``blob`` it is the bundle's message signature, over those bytes.
    """

    bundle: Bundle
    envelope: Envelope
    index: int
    rule: SignerRule
    anchor: Loaded
    blob: bytes | None = None

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


def is_of_kind(bundle: Bundle, anchor: Loaded) -> bool:
    """Whether a bundle brings what an anchor of this type can be asked about."""
    kind = bundle.material.kind
    match anchor:
        case LoadedKey():
            return kind in (MaterialKind.PUBLIC_KEY, MaterialKind.NONE)
        case LoadedX509():
            return kind in (MaterialKind.CHAIN, MaterialKind.CERTIFICATE)
        case LoadedSigstore():
            has_proof = bundle.material.log_entries or bundle.material.timestamps
            return kind is MaterialKind.CERTIFICATE or (
                kind is MaterialKind.CHAIN and bool(has_proof)
            )


def judge(question: Question, terms: Terms) -> SignatureVerdict:
    """Judge one signature; good only when every check holds."""
    match question.anchor:
        case LoadedKey():
            found = _by_key(question, question.anchor, terms)
        case LoadedX509():
            found = _by_certificate(question, question.anchor, terms)
        case LoadedSigstore():
            found = _by_sigstore(question, question.anchor)
    denied = not_denied(found.signer, terms.denied)
    return msgspec.structs.replace(
        found,
        anchor=question.rule.anchor,
        checks=(*found.checks, *denied),
        number=question.index + 1,
    )


def _by_key(question: Question, anchor: LoadedKey, terms: Terms) -> SignatureVerdict:
    steps = Steps()
    is_good = _check_signature(steps, question, anchor.key, terms)
    stamped = trusted_times(
        question.bundle.material.timestamps,
        question.signature,
        anchor.authorities,
        terms.defaults.timestamp,
        terms.now,
    )
    steps.add(*stamped.checks)
    at = stamped.earliest or terms.now
    _run(
        steps,
        "key/valid-then",
        "the key is trusted for this time",
        partial(_in_window, anchor.rule, at),
    )
    return SignatureVerdict(
        checks=steps.checks,
        signer=_signer_of(anchor.key) if is_good else None,
        times=stamped.times,
    )


def _by_certificate(question: Question, anchor: LoadedX509, terms: Terms) -> SignatureVerdict:
    steps = Steps()
    stamped = trusted_times(
        question.bundle.material.timestamps,
        question.signature,
        anchor.authorities,
        terms.defaults.timestamp,
        terms.now,
    )
    steps.add(*stamped.checks)
    rules = ChainRules(
        roots=anchor.roots,
        at=stamped.earliest or terms.now,
        now=terms.now,
        signed_at=stamped.earliest,
        revoked=anchor.revoked,
        may_be_authority=terms.may_be_authority,
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
    if key is None or not _check_signature(steps, question, key, terms):
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
        partial(_identified, question.rule, signer),
    )
    return SignatureVerdict(checks=steps.checks, signer=signer, times=stamped.times)


def _by_sigstore(question: Question, anchor: LoadedSigstore) -> SignatureVerdict:
    blob = question.blob
    digests = {} if blob is None else {name: hashlib.new(name, blob).digest() for name in _HASHES}
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
            partial(_issued, question.rule, signer),
        )
        _run(
            steps,
            "signer/named",
            "the signer is the one the policy names",
            partial(_identified, question.rule, signer),
        )
    elif best.is_good:
        steps.add(failed("signer/named", "nobody is known to have signed"))
    return msgspec.structs.replace(best, checks=steps.checks)


def _check_signature(steps: Steps, question: Question, key: PublicKey, terms: Terms) -> bool:
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
        if verify_signature(key, algorithm, question.signature, data=question.signed):
            return True
        if terms.defaults.legacy and is_signed_the_old_way(
            key, question.envelope, question.signature
        ):
            is_old.append(_OLD_ENCODING)
            return True
        raise RefusedError(
            "the signature is not of this key over this content",
            hint="the payload or the signature was changed, or another key signed",
        )

    found = _run(steps, "signature/valid", "the signature fits the key and the content", check)
    steps.add(*is_old)
    return found


_OLD_ENCODING = msgspec.structs.replace(
    failed(
        "signature/current-encoding",
        "signed in the form of before v1.0, which is weaker",
        fix="sign again with a current signer, then set legacy: false",
    ),
    is_fatal=False,
)


def _in_window(anchor: KeyAnchor, at: datetime.datetime) -> bool:
    start, end = anchor.valid_from, anchor.valid_to
    if (start is None or start <= at) and (end is None or at < end):
        return True
    raise RefusedError(
        "the key is not trusted for this time",
        expected=f"{start or 'ever'} to {end or 'ever'}",
        actual=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        hint="sign with a current key, or have signatures timestamped (tsa) before a key retires",
    )


def _identified(rule: SignerRule, signer: Signer) -> bool:
    if rule.identity is not None and rule.identity.find(signer.identities) is not None:
        return True
    raise RefusedError(
        "somebody else signed",
        expected=rule.identity.shown() if rule.identity else "an identity in the policy",
        actual=", ".join(f"{one.type.value}:{one.value}" for one in signer.identities),
        hint="if this signer is right, name it in the policy",
    )


def _issued(rule: SignerRule, signer: Signer) -> bool:
    if rule.issuer and signer.issuer == rule.issuer:
        return True
    raise RefusedError(
        "the signer's identity was vouched for by another issuer",
        expected=rule.issuer,
        actual=signer.issuer,
        hint="if this issuer is right, name it in the policy",
    )


def not_denied(signer: Signer | None, denied: frozenset[str]) -> tuple[Check, ...]:
    """Give a check that fails when the signer is on the deny list."""
    if signer is None or not denied:
        return ()
    for fingerprint in (signer.key_fingerprint, signer.certificate_fingerprint):
        if fingerprint in denied:
            return (
                failed(
                    "signer/not-denied",
                    "the signer is on the deny list",
                    actual=fingerprint,
                    fix="have the model signed by somebody else",
                ),
            )
    return ()


def _signer_of(key: PublicKey) -> Signer:
    return Signer(key_fingerprint=key.fingerprint, algorithm=usual_algorithm(key).value)


def _run(steps: Steps, check_id: str, what: str, step: Callable[[], bool]) -> bool:
    return bool(steps.run(check_id, what, step))


def _fingerprint(certificate: bytes) -> str:
    return "sha256:" + hashlib.sha256(certificate).hexdigest()

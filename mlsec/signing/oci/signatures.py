"""Reads the signatures of an image layout and verifies them against the policy's signers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.signing.bundles.bundle import Base64, Bundle, Envelope
from mlsec.signing.bundles.bundle_reader import parse_bundle
from mlsec.signing.encodings.json_fields import read_json
from mlsec.signing.encodings.strict_json import JsonLimits
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.manifests.statement import STATEMENT_TYPE
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.layout import MAX_SIGNATURE_BYTES, OciSignature, SignatureForm, read_blob
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import read_notary_envelope
from mlsec.signing.oci.simple_signing import read_simple_signing
from mlsec.signing.provenance.slsa import PREDICATES
from mlsec.signing.signatures.signature import (
    Criteria,
    SignatureInput,
    fits_anchor,
    verify_against_signer,
)
from mlsec.signing.signatures.signer_checks import denied_checks
from mlsec.signing.signatures.threshold import JudgedSignature
from mlsec.signing.trust.anchors import LoadedAnchor, LoadedX509
from mlsec.signing.trust.policy import SignerRule
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import SignatureVerdict, failed

COSE_TYPE = "application/cose"
COSIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_LIMITS = JsonLimits(size_bytes=MAX_SIGNATURE_BYTES, depth=24, values=100_000)
_NO_ENVELOPE = Envelope(payload=Base64(), payload_type="", signatures=())

# Judges a signature as one signer's; None where it is of another kind than the anchor.
_Judge = Callable[[SignerRule, LoadedAnchor, Criteria], SignatureVerdict | None]


class ParsedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature as read: the digest it covers, the artifact's name, and how to verify it.

    ``attestation`` is the envelope of a statement that says how the artifact was built.
    """

    digest: str
    judge: _Judge
    file: str
    name: str = ""
    attestation: Envelope | None = None


def read_signature(opened: ModelFiles, stored: OciSignature) -> ParsedSignature | None:
    """Read one signature; None for a statement that is neither a signature nor about a build.

    Raises:
        SigningError: its content is not there or broken.
        CheckFailedError: it is filed under another artifact than it is over.
    """
    data = read_blob(opened, stored.layer, MAX_SIGNATURE_BYTES)
    signature: ParsedSignature | None = None
    match stored.form:
        case SignatureForm.NOTARY:
            signature = _notary(stored, data)
        case SignatureForm.COSIGN:
            signature = _cosign(stored, data)
        case SignatureForm.BUNDLE:
            signature = _bundle(stored, data)
        case SignatureForm.ATTESTATION:
            pass
    if signature and stored.subject and stored.subject != signature.digest:
        raise CheckFailedError(
            "the signature is filed under another artifact than it is over",
            expected=stored.subject,
            actual=signature.digest,
        )
    return signature


def _notary(stored: OciSignature, data: bytes) -> ParsedSignature:
    is_cose = stored.layer.media_type == COSE_TYPE
    envelope = read_notary_cose(data) if is_cose else read_notary_envelope(data)

    def judge(rule: SignerRule, anchor: LoadedAnchor, by: Criteria) -> SignatureVerdict | None:
        if not isinstance(anchor, LoadedX509) or rule.identity is None:
            return None
        trust = NotaryTrust(
            roots=anchor.roots,
            identity=rule.identity,
            now=by.now,
            authorities=anchor.authorities,
            revoked=anchor.revoked,
            timestamps=by.defaults.timestamp,
            may_vouch_for_time=anchor.rule.is_signing_authority,
        )
        verdict = verify_notary(envelope, trust)
        checks = (*verdict.checks, *denied_checks(verdict.signer, by.denied))
        return msgspec.structs.replace(verdict, anchor=rule.anchor, checks=checks)

    return ParsedSignature(digest=envelope.target.digest, judge=judge, file=stored.layer.path)


def _cosign(stored: OciSignature, data: bytes) -> ParsedSignature:
    signed = read_simple_signing(stored.layer, data)
    return ParsedSignature(
        digest=signed.digest,
        judge=_judge_of_bundle(signed.bundle, _NO_ENVELOPE, data),
        file=stored.layer.path,
        name=signed.reference,
    )


def _bundle(stored: OciSignature, data: bytes) -> ParsedSignature | None:
    bundle = parse_bundle(data)
    if bundle.envelope is None:
        raise UnsupportedError("a bundle over a blob says nothing of an artifact")
    statement = read_json(bundle.envelope.payload, "statement", _LIMITS)
    predicate_type = statement.text("predicateType")
    if predicate_type != COSIGN_PREDICATE and predicate_type not in PREDICATES:
        return None
    subjects = statement.objects("subject", 16)
    if len(subjects) != 1:
        raise MalformedError("the statement is about several artifacts")
    if predicate_type == COSIGN_PREDICATE and statement.text("_type") != STATEMENT_TYPE:
        raise MalformedError("the statement is of another version")
    return ParsedSignature(
        digest=f"sha256:{subjects[0].object('digest').text('sha256')}",
        judge=_judge_of_bundle(bundle, bundle.envelope, None),
        file=stored.layer.path,
        name=subjects[0].text_or("name"),
        attestation=None if predicate_type == COSIGN_PREDICATE else bundle.envelope,
    )


def _judge_of_bundle(bundle: Bundle, envelope: Envelope, blob: bytes | None) -> _Judge:
    def judge(rule: SignerRule, anchor: LoadedAnchor, by: Criteria) -> SignatureVerdict | None:
        if not fits_anchor(bundle, anchor):
            return None
        signature = SignatureInput(
            bundle=bundle, envelope=envelope, index=0, rule=rule, anchor=anchor, blob=blob
        )
        return verify_against_signer(signature, by)

    return judge


def judge_signature(
    signature: ParsedSignature,
    rules: tuple[SignerRule, ...],
    anchors: dict[str, LoadedAnchor],
    criteria: Criteria,
) -> JudgedSignature:
    """Judge a signature against every signer that it could be by."""
    verdicts: dict[int, SignatureVerdict] = {}
    for number, rule in enumerate(rules):
        verdict = signature.judge(rule, anchors[rule.anchor], criteria)
        if verdict is not None:
            verdicts[number] = msgspec.structs.replace(verdict, file=signature.file)
    if not verdicts:
        check = failed(
            "signer/named",
            "the policy names no signer of the kind that this signature is",
            fix="add the signer to the policy, if it is to be trusted",
        )
        verdicts[-1] = SignatureVerdict(checks=(check,), file=signature.file)
    return JudgedSignature(envelope=signature.attestation or _NO_ENVELOPE, by_signer=verdicts)

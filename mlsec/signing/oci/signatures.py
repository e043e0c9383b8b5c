"""One signature of an image layout against the policy's signers, whatever form it has."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope, parse_bundle
from mlsec.signing.encodings.json_fields import JsonFields
from mlsec.signing.encodings.strict_json import JsonLimits, loads
from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.manifests.statement import STATEMENT_TYPE
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.layout import MAX_SIGNATURE_BYTES, OciSignature, SignatureForm, read_blob
from mlsec.signing.oci.notary import NotaryTrust, verify_notary
from mlsec.signing.oci.notary_cose import read_notary_cose
from mlsec.signing.oci.notary_jws import NotaryEnvelope, read_notary_envelope
from mlsec.signing.oci.simple_signing import read_simple_signing
from mlsec.signing.provenance.slsa import PREDICATES
from mlsec.signing.signatures.signature import Criteria, SignatureInput, fits_anchor, judge
from mlsec.signing.signatures.signer_checks import denied_checks
from mlsec.signing.signatures.threshold import JudgedSignature
from mlsec.signing.trust.anchors import LoadedAnchor, LoadedX509
from mlsec.signing.trust.policy import SignerRule
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import SignatureVerdict, failed

COSE_TYPE = "application/cose"
COSIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_LIMITS = JsonLimits(size_bytes=MAX_SIGNATURE_BYTES, depth=24, values=100_000)
_NOBODY = Envelope(payload=b"", payload_type="", signatures=())

_Judge = Callable[[SignerRule, LoadedAnchor, Criteria], SignatureVerdict | None]


class ParsedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was read: which digest it is over, under which name, how to judge it.

    ``attestation`` is the envelope of a statement that says how the artifact was built.
    """

    digest: str
    judge: _Judge
    file: str
    name: str = ""
    attestation: Envelope | None = None


def read_signature(opened: ModelFiles, signature: OciSignature) -> ParsedSignature | None:
    """Read one signature; None for a statement that is neither a signature nor about a build.

    Raises:
        SigningError: its content is not there or broken.
        RefusedError: it is filed under another artifact than it is over.
    """
    data = read_blob(opened, signature.layer, MAX_SIGNATURE_BYTES)
    match signature.form:
        case SignatureForm.NOTARY:
            found = _notary(signature, data)
        case SignatureForm.COSIGN:
            found = _cosign(signature, data)
        case SignatureForm.BUNDLE:
            read = _bundle(signature, data)
            if read is None:
                return None
            found = read
        case SignatureForm.ATTESTATION:
            return None
    if signature.subject and signature.subject != found.digest:
        raise CheckFailedError(
            "the signature is filed under another artifact than it is over",
            expected=signature.subject,
            actual=found.digest,
        )
    return found


def _notary(signature: OciSignature, data: bytes) -> ParsedSignature:
    is_cose = signature.layer.media_type == COSE_TYPE
    envelope = read_notary_cose(data) if is_cose else read_notary_envelope(data)

    def judged(
        rule: SignerRule, anchor: LoadedAnchor, criteria: Criteria
    ) -> SignatureVerdict | None:
        if not isinstance(anchor, LoadedX509) or rule.identity is None:
            return None
        return _judge_notary(envelope, rule, anchor, criteria)

    return ParsedSignature(digest=envelope.target.digest, judge=judged, file=signature.layer.path)


def _judge_notary(
    envelope: NotaryEnvelope, rule: SignerRule, anchor: LoadedX509, criteria: Criteria
) -> SignatureVerdict:
    if rule.identity is None:
        return SignatureVerdict(checks=(failed("signer/named", "the policy names no identity"),))
    trust = NotaryTrust(
        roots=anchor.roots,
        identity=rule.identity,
        now=criteria.now,
        authorities=anchor.authorities,
        revoked=anchor.revoked,
        stamping=criteria.defaults.timestamp,
        may_vouch_for_time=anchor.rule.is_signing_authority,
    )
    found = verify_notary(envelope, trust)
    denied = denied_checks(found.signer, criteria.denied)
    return msgspec.structs.replace(found, anchor=rule.anchor, checks=(*found.checks, *denied))


def _cosign(signature: OciSignature, data: bytes) -> ParsedSignature:
    found = read_simple_signing(signature.layer, data)
    return ParsedSignature(
        digest=found.digest,
        judge=_by_bundle(found.bundle, _NOBODY, data),
        file=signature.layer.path,
        name=found.reference,
    )


def _bundle(signature: OciSignature, data: bytes) -> ParsedSignature | None:
    bundle = parse_bundle(data)
    if bundle.envelope is None:
        raise UnsupportedError("a bundle over a blob says nothing of an artifact")
    statement = JsonFields(loads(bundle.envelope.payload, "statement", _LIMITS), "statement")
    kind = statement.text("predicateType")
    if kind != COSIGN_PREDICATE and kind not in PREDICATES:
        return None
    subjects = statement.objects("subject", 16)
    if len(subjects) != 1:
        raise MalformedError("the statement is about several artifacts")
    if kind == COSIGN_PREDICATE and statement.text("_type") != STATEMENT_TYPE:
        raise MalformedError("the statement is of another version")
    return ParsedSignature(
        digest=f"sha256:{subjects[0].object('digest').text('sha256')}",
        judge=_by_bundle(bundle, bundle.envelope, None),
        file=signature.layer.path,
        name=subjects[0].text_or("name"),
        attestation=None if kind == COSIGN_PREDICATE else bundle.envelope,
    )


def _by_bundle(bundle: Bundle, envelope: Envelope, blob: bytes | None) -> _Judge:
    def judged(
        rule: SignerRule, anchor: LoadedAnchor, criteria: Criteria
    ) -> SignatureVerdict | None:
        if not fits_anchor(bundle, anchor):
            return None
        question = SignatureInput(
            bundle=bundle, envelope=envelope, index=0, rule=rule, anchor=anchor, blob=blob
        )
        return judge(question, criteria)

    return judged


def judge_signature(
    found: ParsedSignature,
    rules: tuple[SignerRule, ...],
    anchors: dict[str, LoadedAnchor],
    criteria: Criteria,
) -> JudgedSignature:
    """Judge a signature against every signer that it could be of."""
    verdicts: dict[int, SignatureVerdict] = {}
    for number, rule in enumerate(rules):
        verdict = found.judge(rule, anchors[rule.anchor], criteria)
        if verdict is not None:
            verdicts[number] = msgspec.structs.replace(verdict, file=found.file)
    if not verdicts:
        check = failed(
            "signer/named",
            "the policy names no signer of the kind that this signature is",
            fix="add the signer to the policy, if it is to be trusted",
        )
        verdicts[-1] = SignatureVerdict(checks=(check,), file=found.file)
    return JudgedSignature(envelope=found.attestation or _NOBODY, by_signer=verdicts)

"""Verifies a model with signature files: signatures, threshold, statement, policy and files."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope
from mlsec.signing.content.comparison import NOT_READ, Comparison, compare_opened, concluded
from mlsec.signing.content.manifest_comparison import compare_with_manifest
from mlsec.signing.content.policy_checks import age_check, policy_checks
from mlsec.signing.content.signed_content import SignedContent, read_content
from mlsec.signing.content.task import VerificationTask
from mlsec.signing.errors import SigningError
from mlsec.signing.provenance.attestations import check_attestations, check_subjects
from mlsec.signing.provenance.attested_model import split_attestations, verify_by_attestations
from mlsec.signing.signatures.signature import (
    Criteria,
    SignatureInput,
    criteria_of,
    fits_anchor,
    verify_against_signer,
)
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold, times_of
from mlsec.signing.trust.anchors import LoadedAnchor, load_anchors
from mlsec.signing.trust.policy import ModelRule, Permission
from mlsec.signing.verdicts.steps import Steps
from mlsec.signing.verdicts.verdict import (
    Check,
    SignatureVerdict,
    Verdict,
    failed,
    has_failed,
    not_checked,
)
from mlsec.signing.verification.signature_file import SignatureFile, read_signature_file
from mlsec.signing.verification.single_file import BlobEnvelope, blob_content, file_digests

_ONLY_ATTESTED = failed(
    "statement/about-a-model",
    "there are attestations, but no signature over the model",
    fix="sign the model, or ask for provenance that binds: files in the policy",
)


def verify_signed_model(task: VerificationTask) -> Verdict:
    """Verify a model that has signature files; errors as ``api.verify``."""
    rule, policy = task.rule, task.policy
    anchors = load_anchors(policy.anchors, [signer.anchor for signer in rule.signers])
    files = [read_signature_file(file, task.model, policy) for file in task.signatures]
    checks = [check for file in files for check in file.checks]
    criteria = _with_digests(task, files, checks)
    judged = [item for file in files for item in _judge_file(file, rule, anchors, criteria)]
    verdict = msgspec.structs.replace(
        task.verdict(),
        checks=tuple(checks),
        signatures=tuple(item for signature in judged for item in signature.verdicts),
    )
    attestations, signatures = split_attestations(judged, policy.defaults.json_limits)
    required = rule.provenance
    if attestations and not signatures and required is not None and required.binds == "files":
        return verify_by_attestations(task, verdict, required, attestations)
    if signatures:
        checks += check_threshold(signatures, rule)
    elif attestations:
        checks.append(_ONLY_ATTESTED)
    good = [signature for signature in signatures if signature.is_good]
    steps = Steps()
    content = _content(good, task, criteria, steps)
    checks += steps.checks
    if content is None:
        return concluded(verdict, checks, None)
    manifest = content.manifest
    checks += policy_checks(task, manifest.root_digest, content.model_name)
    checks += age_check(rule, times_of(good))
    checks += _provenance_checks(task, attestations, content)
    comparison = None
    if has_failed(checks):
        checks.append(NOT_READ)
    else:
        comparison = _compare(task, content, checks)
    verdict = msgspec.structs.replace(
        verdict,
        model_name=content.model_name,
        root_digest=manifest.root_digest,
        predicate_type=content.predicate_type,
        files_signed=len(manifest.paths()),
    )
    return concluded(verdict, checks, comparison)


def _with_digests(
    task: VerificationTask, files: Sequence[SignatureFile], checks: list[Check]
) -> Criteria:
    """Return the criteria, with the file's digests where a signature is over the file itself."""
    criteria = criteria_of(task.policy, task.profile, task.now)
    bundles = [bundle for file in files for bundle, _ in file.bundles]
    try:
        digests = file_digests(task.model, bundles, task.progress)
    except SigningError as error:
        checks.append(not_checked("files/readable", error.message, fix=error.hint))
        return criteria
    return msgspec.structs.replace(criteria, digests=digests)


def _judge_file(
    file: SignatureFile, rule: ModelRule, anchors: dict[str, LoadedAnchor], criteria: Criteria
) -> list[JudgedSignature]:
    return [
        _judge(file.name, bundle, envelope, index, rule, anchors, criteria)
        for bundle, envelope in file.bundles
        for index in range(len(envelope.signatures))
    ]


def _judge(
    file: str,
    bundle: Bundle,
    envelope: Envelope,
    index: int,
    rule: ModelRule,
    anchors: dict[str, LoadedAnchor],
    criteria: Criteria,
) -> JudgedSignature:
    verdicts: dict[int, SignatureVerdict] = {}
    for number, signer in enumerate(rule.signers):
        anchor = anchors[signer.anchor]
        if fits_anchor(bundle, anchor):
            signature = SignatureInput(
                bundle=bundle, envelope=envelope, index=index, rule=signer, anchor=anchor,
                digests=criteria.digests if bundle.message is not None else None,
            )  # fmt: skip
            verdict = verify_against_signer(signature, criteria)
            verdicts[number] = msgspec.structs.replace(verdict, file=file)
    if not verdicts:
        check = failed(
            "signer/named", "the policy names no signer of the kind that this signature is",
            expected=", ".join(sorted({signer.anchor for signer in rule.signers})),
            actual=bundle.material.kind.value,
            fix="add the signer to the policy, if it is to be trusted",
        )  # fmt: skip
        verdicts[-1] = SignatureVerdict(checks=(check,), file=file, number=index + 1)
    return JudgedSignature(envelope=envelope, by_signer=verdicts)


def _content(
    good: Sequence[JudgedSignature], task: VerificationTask, criteria: Criteria, steps: Steps
) -> SignedContent | None:
    """Read what the good signatures are over; they must all be over the same files."""
    envelopes = [signature.envelope for signature in good]
    payloads = dict.fromkeys(
        (envelope.payload_type, envelope.payload)
        for envelope in envelopes
        if not isinstance(envelope, BlobEnvelope)
    )
    contents: list[SignedContent] = []
    for payload_type, payload in payloads:
        envelope = Envelope(payload=payload, payload_type=payload_type, signatures=())
        content = read_content(envelope, task.policy.defaults, task.profile, steps)
        if content is None:
            return None
        contents.append(content)
    if any(isinstance(envelope, BlobEnvelope) for envelope in envelopes):
        contents.append(blob_content(task.model, criteria.digests))
    if not contents:
        return None
    first = contents[0]
    for other in contents[1:]:
        is_same = other.manifest.entries == first.manifest.entries
        names = {first.model_name, other.model_name} - {""}
        if not is_same or len(names) > 1:
            steps.add(
                failed("statement/all-alike", "the signatures cover different files",
                       expected=first.manifest.root_digest, actual=other.manifest.root_digest,
                       fix="have every signer sign the same version")
            )  # fmt: skip
    return first


def _provenance_checks(
    task: VerificationTask, attestations: Sequence[JudgedSignature], content: SignedContent
) -> list[Check]:
    required = task.rule.provenance
    if required is None:
        return []
    result = check_attestations(attestations, required, task.policy.defaults.json_limits)
    if not result.accepted:
        return list(result.checks)
    return [*result.checks, check_subjects(result, required, content.manifest)]


def _compare(
    task: VerificationTask, content: SignedContent, checks: list[Check]
) -> Comparison | None:
    defaults, manifest = task.policy.defaults, content.manifest
    may_link = defaults.symlinks is Permission.ALLOW and manifest.serialization.allows_symlinks
    allowed = msgspec.structs.replace(task.allowed_extras(), may_link=may_link)
    return compare_opened(
        task.model,
        lambda opened: compare_with_manifest(
            opened, manifest, allowed, defaults.entries, task.progress
        ),
        checks,
    )

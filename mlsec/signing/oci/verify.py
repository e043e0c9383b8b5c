"""Verifies an OCI image layout: the signatures of each artifact, and every blob."""

from __future__ import annotations

import hashlib

import msgspec

from mlsec.signing.content.comparison import NOT_READ, concluded
from mlsec.signing.content.policy_checks import age_check, policy_checks
from mlsec.signing.content.task import VerificationTask
from mlsec.signing.errors import SigningError, UnreadError, UnsupportedError
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.blobs import compare_blobs
from mlsec.signing.oci.layout import OciLayout, read_layout
from mlsec.signing.oci.signatures import ParsedSignature, judge_signature, read_signature
from mlsec.signing.provenance.attestations import check_attestations
from mlsec.signing.signatures.signature import criteria_of
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold, times_of
from mlsec.signing.trust.anchors import load_anchors
from mlsec.signing.trust.policy import Reaction
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import Check, Verdict, failed, has_failed, not_checked


class _ArtifactSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was judged, and which artifact it is over."""

    digest: str
    name: str
    judged: JudgedSignature
    is_attestation: bool = False


def verify_layout(task: VerificationTask) -> Verdict:
    """Verify every artifact of a layout; errors as ``api.verify``."""
    rule, policy = task.rule, task.policy
    anchors = load_anchors(policy.anchors, [signer.anchor for signer in rule.signers])
    criteria = criteria_of(policy, task.profile, task.now)
    verdict = task.verdict()
    try:
        with task.model.opened() as opened:
            layout = read_layout(opened)
            parsed, checks = _read_signatures(opened, layout, is_each_needed=not rule.threshold)
            signatures = [
                _ArtifactSignature(
                    digest=signature.digest,
                    name=signature.name,
                    judged=judge_signature(signature, rule.signers, anchors, criteria),
                    is_attestation=signature.attestation is not None,
                )
                for signature in parsed
            ]
            checks += _artifact_checks(task, layout, signatures)
            comparison = None
            if has_failed(checks):
                checks.append(NOT_READ)
            else:
                comparison = compare_blobs(opened, layout, task)
                checks += comparison.checks
    except UnreadError as error:
        check = not_checked("layout/readable", error.message, actual=error.location, fix=error.hint)
        return concluded(verdict, (check,), None)
    except SigningError as error:
        check = failed("layout/readable", error.message, fix=error.hint, file=error.location)
        return concluded(verdict, (check,), None)
    verdicts = tuple(item for signature in signatures for item in signature.judged.verdicts)
    verdict = msgspec.structs.replace(
        verdict,
        signatures=verdicts,
        signature_files=tuple(dict.fromkeys(item.file for item in verdicts)),
        root_digest=_root_digest(layout) if layout.artifacts else "",
    )
    return concluded(verdict, checks, comparison)


def _read_signatures(
    opened: ModelFiles, layout: OciLayout, *, is_each_needed: bool
) -> tuple[list[ParsedSignature], list[Check]]:
    """Read what can be read; the rest is reported, and fatal where every signature has to hold."""
    parsed: list[ParsedSignature] = []
    checks: list[Check] = []
    for stored in layout.signatures:
        path = stored.layer.path
        try:
            signature = read_signature(opened, stored)
        except CheckFailedError as error:
            checks.append(
                failed("signature/about-this", error.message, expected=error.expected,
                       actual=error.actual, file=path)
            )  # fmt: skip
        except (UnsupportedError, UnreadError) as error:
            checks.append(not_checked("signature/readable", error.message, fix=error.hint))
        except SigningError as error:
            checks.append(failed("signature/readable", error.message, fix=error.hint, file=path))
        else:
            if signature is not None:
                parsed.append(signature)
    return parsed, [msgspec.structs.replace(check, is_fatal=is_each_needed) for check in checks]


def _artifact_checks(
    task: VerificationTask, layout: OciLayout, signatures: list[_ArtifactSignature]
) -> list[Check]:
    signed = [signature for signature in signatures if not signature.is_attestation]
    checks = _provenance_checks(task, layout, signatures)
    if not layout.artifacts:
        checks.append(failed("layout/holds-something", "the layout offers no artifact"))
    for artifact in layout.artifacts:
        own = [signature.judged for signature in signed if signature.digest == artifact.digest]
        own_checks = check_threshold(own, task.rule) if own else [_unsigned(task)]
        checks += [msgspec.structs.replace(check, file=artifact.path) for check in own_checks]
    offered = {artifact.digest for artifact in layout.artifacts}
    what = "a signature over something the layout does not offer"
    checks += [
        failed("signature/about-this", what, actual=signature.digest, is_fatal=False)
        for signature in signed
        if signature.digest not in offered
    ]
    good = [item for item in signed if item.judged.is_good and item.digest in offered]
    names = {signature.name for signature in good if signature.name}
    name = names.pop() if len(names) == 1 else ""
    checks += policy_checks(task, _root_digest(layout), name)
    return checks + age_check(task.rule, times_of([signature.judged for signature in good]))


def _provenance_checks(
    task: VerificationTask, layout: OciLayout, signatures: list[_ArtifactSignature]
) -> list[Check]:
    """Check that each artifact has provenance, where the policy asks for it."""
    required = task.rule.provenance
    if required is None:
        return []
    checks: list[Check] = []
    for artifact in layout.artifacts:
        own = [
            signature.judged
            for signature in signatures
            if signature.is_attestation and signature.digest == artifact.digest
        ]
        result = check_attestations(own, required, task.policy.defaults.json_limits)
        checks += [msgspec.structs.replace(check, file=artifact.path) for check in result.checks]
    return checks


def _unsigned(task: VerificationTask) -> Check:
    make = failed if task.policy.defaults.unsigned is Reaction.FAIL else not_checked
    fix = "sign it with notation or cosign"
    return make("signature/present", "this artifact is not signed", fix=fix)


def _root_digest(layout: OciLayout) -> str:
    """Return the digest of the one artifact; of several, the digest of their sorted digests."""
    digests = sorted(artifact.digest for artifact in layout.artifacts)
    if len(digests) == 1:
        return digests[0]
    return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()

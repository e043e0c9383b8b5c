"""Verifies an OCI image layout: each artifact signed as the policy asks, each blob as signed."""

from __future__ import annotations

import datetime
import hashlib

import msgspec

from mlsec.signing.content.signed_content import age_check, policy_checks
from mlsec.signing.content.unsigned_files import allowed_extras
from mlsec.signing.errors import SigningError, UnreadError, UnsupportedError
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.models.model import Model, ModelFiles
from mlsec.signing.oci.blobs import BlobsCompared, compare_blobs, metadata_paths
from mlsec.signing.oci.layout import OciLayout, read_layout
from mlsec.signing.oci.signatures import ParsedSignature, judge_signature, read_signature
from mlsec.signing.provenance.attestations import check_attestations
from mlsec.signing.signatures.signature import Criteria, criteria_of
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold
from mlsec.signing.trust.anchors import LoadedAnchor, load_anchors
from mlsec.signing.trust.policy import ModelRule, Profile, Reaction, TrustPolicy
from mlsec.signing.verdicts.answer import answer_of, has_failed
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import (
    Answer,
    Check,
    Verdict,
    failed,
    not_checked,
)

_UNREAD = "the blobs were not read, as more is wrong"


class _Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was judged, and which artifact it is over."""

    digest: str
    name: str
    judged: JudgedSignature
    is_attestation: bool = False


def verify_layout(
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    profile: Profile,
    now: datetime.datetime,
    progress: Progress | None,
) -> Verdict:
    """Verify every artifact of a layout; arguments and errors as ``api.verify``."""
    anchors = load_anchors(policy.anchors, [one.anchor for one in rule.signers])
    criteria = criteria_of(policy, profile, now)
    base = Verdict(
        target=model.address, signature_files=(), answer=Answer.INCOMPLETE, profile=profile.value,
        checks=(), verified_at=now,
    )  # fmt: skip
    try:
        with model.opened() as opened:
            layout = read_layout(opened)
            read, checks = _read_signatures(opened, layout, is_each_needed=not rule.threshold)
            signed = [_judged(one, rule, anchors, criteria) for one in read]
            checks += _artifact_checks(layout, signed, policy, rule, model)
            compared = None
            if has_failed(checks):
                checks.append(not_checked("files/compared", _UNREAD))
            else:
                allowed = msgspec.structs.replace(
                    allowed_extras(policy, rule, (), profile),
                    signatures=metadata_paths(layout),
                )
                compared = compare_blobs(opened, layout, allowed, policy.defaults.entries, progress)
                checks += compared.checks
            return _summed(base, layout, signed, checks, compared)
    except UnreadError as error:
        check = not_checked("layout/readable", error.message, actual=error.location, fix=error.hint)
        return msgspec.structs.replace(base, checks=(check,))
    except SigningError as error:
        check = failed("layout/readable", error.message, fix=error.hint, file=error.location)
        return msgspec.structs.replace(base, answer=Answer.FAILED, checks=(check,))


def _judged(
    read: ParsedSignature, rule: ModelRule, anchors: dict[str, LoadedAnchor], criteria: Criteria
) -> _Signed:
    return _Signed(
        digest=read.digest,
        name=read.name,
        judged=judge_signature(read, rule.signers, anchors, criteria),
        is_attestation=read.attestation is not None,
    )


def _read_signatures(
    opened: ModelFiles, layout: OciLayout, *, is_each_needed: bool
) -> tuple[list[ParsedSignature], list[Check]]:
    """Read what can be read; the rest is told, and fatal where every signature has to hold."""
    read: list[ParsedSignature] = []
    checks: list[Check] = []
    for each in layout.signatures:
        try:
            found = read_signature(opened, each)
        except CheckFailedError as error:
            checks.append(
                failed("signature/about-this", error.message, expected=error.expected,
                       actual=error.actual, file=each.layer.path)
            )  # fmt: skip
        except (UnsupportedError, UnreadError) as error:
            checks.append(not_checked("signature/readable", error.message, fix=error.hint))
        except SigningError as error:
            bad = failed("signature/readable", error.message, fix=error.hint, file=each.layer.path)
            checks.append(bad)
        else:
            if found is not None:
                read.append(found)
    return read, [msgspec.structs.replace(one, is_fatal=is_each_needed) for one in checks]


def _artifact_checks(
    layout: OciLayout, every: list[_Signed], policy: TrustPolicy, rule: ModelRule, model: Model
) -> list[Check]:
    signed = [one for one in every if not one.is_attestation]
    attested = [one for one in every if one.is_attestation]
    checks = _provenance(layout, attested, policy, rule)
    if not layout.artifacts:
        checks.append(failed("layout/holds-something", "the layout offers no artifact"))
    for artifact in layout.artifacts:
        about = [one.judged for one in signed if one.digest == artifact.digest]
        found = check_threshold(about, rule) if about else [_unsigned(policy.defaults.unsigned)]
        checks += [msgspec.structs.replace(one, file=artifact.path) for one in found]
    offered = {one.digest for one in layout.artifacts}
    for one in signed:
        if one.digest not in offered:
            other = failed(
                "signature/about-this", "a signature over something the layout does not offer",
                actual=one.digest,
            )  # fmt: skip
            checks.append(msgspec.structs.replace(other, is_fatal=False))
    good = [one for one in signed if one.judged.is_good and one.digest in offered]
    names = {one.name for one in good if one.name}
    name = names.pop() if len(names) == 1 else ""
    key = policy.name_of(model.address)
    checks += policy_checks(_root(layout), name, rule, policy.denied_root_digests, key)
    times = tuple(
        time for one in good for found in one.judged.verdicts if found.is_good
        for time in found.times
    )  # fmt: skip
    return checks + age_check(rule, times)


def _provenance(
    layout: OciLayout, attested: list[_Signed], policy: TrustPolicy, rule: ModelRule
) -> list[Check]:
    """Check that each artifact has provenance, where the policy asks for it."""
    if rule.provenance is None:
        return []
    checks: list[Check] = []
    for artifact in layout.artifacts:
        about = [one.judged for one in attested if one.digest == artifact.digest]
        found = check_attestations(about, rule.provenance, policy.defaults.json_limits)
        checks += [msgspec.structs.replace(one, file=artifact.path) for one in found.checks]
    return checks


def _unsigned(reaction: Reaction) -> Check:
    what, fix = "nobody signed this artifact", "sign it with notation or cosign"
    match reaction:
        case Reaction.FAIL:
            return failed("signature/present", what, fix=fix)
        case Reaction.REPORT:
            return not_checked("signature/present", what, fix=fix)


def _root(layout: OciLayout) -> str:
    """The digest of the one artifact; of several, the digest of their sorted digests."""
    digests = sorted(one.digest for one in layout.artifacts)
    if len(digests) == 1:
        return digests[0]
    return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _summed(
    base: Verdict,
    layout: OciLayout,
    signed: list[_Signed],
    checks: list[Check],
    compared: BlobsCompared | None,
) -> Verdict:
    answer = answer_of(checks, is_compared=compared is not None)
    return msgspec.structs.replace(
        base,
        answer=answer,
        checks=tuple(checks),
        signatures=tuple(found for one in signed for found in one.judged.verdicts),
        signature_files=tuple(
            dict.fromkeys(found.file for one in signed for found in one.judged.verdicts)
        ),
        root_digest=_root(layout) if layout.artifacts else "",
        files=compared.files if compared and answer is Answer.VERIFIED else (),
        files_signed=compared.signed if compared else 0,
        files_found=compared.found if compared else 0,
        bytes_hashed=compared.bytes_hashed if compared else 0,
    )

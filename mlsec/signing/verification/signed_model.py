"""The whole of a verification on one screen: signatures, threshold, statement, policy, files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope
from mlsec.signing.content.comparison import Comparison, compare
from mlsec.signing.content.signed_content import (
    SignedContent,
    age_check,
    policy_checks,
    read_content,
)
from mlsec.signing.content.unsigned_files import allowed_extras
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.models.model import Model, Signature
from mlsec.signing.provenance.attestations import check_attestations, check_subjects
from mlsec.signing.provenance.attested_model import split_attestations, verify_by_attestations
from mlsec.signing.signatures.signature import (
    Criteria,
    SignatureInput,
    criteria_of,
    fits_anchor,
    judge,
)
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold
from mlsec.signing.trust.anchors import LoadedAnchor, load_anchors
from mlsec.signing.trust.policy import ModelRule, Permission, Profile, TrustPolicy
from mlsec.signing.verdicts.answer import answer_of, has_failed
from mlsec.signing.verdicts.steps import Steps
from mlsec.signing.verdicts.verdict import (
    Answer,
    Check,
    SignatureVerdict,
    TrustedTime,
    Verdict,
    failed,
    not_checked,
)
from mlsec.signing.verification.signature_file import (
    SignatureFile,
    read_signature_file,
)
from mlsec.signing.verification.single_file import (
    BlobEnvelope,
    blob_content,
    file_digests,
)


def verify_signed(
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    files: Sequence[Signature],
    profile: Profile,
    now: datetime.datetime,
    progress: Progress | None,
) -> Verdict:
    """Verify a model that has signature files; arguments and errors as ``api.verify``."""
    anchors = load_anchors(policy.anchors, [one.anchor for one in rule.signers])
    criteria = criteria_of(policy, profile, now)
    read = [read_signature_file(file, model, policy) for file in files]
    checks = [check for found in read for check in found.checks]
    criteria = _hashed(model, read, criteria, checks, progress)
    every = [one for found in read for one in _judge_file(found, rule, anchors, criteria)]
    attested, judged = split_attestations(every, policy.defaults.json_limits)
    wanted = rule.provenance
    if attested and not judged and wanted is not None and wanted.binds == "files":
        base = _verdict(model, files, profile, now, every, checks, None, None)
        allowed = allowed_extras(policy, rule, files, profile)
        return verify_by_attestations(
            base, model, policy, rule, wanted, attested, allowed, progress
        )
    if judged:
        checks += check_threshold(judged, rule)
    elif attested:
        checks.append(_ONLY_ATTESTED)
    good = [one for one in judged if one.is_good]
    steps = Steps()
    content = _content(good, model, policy, profile, criteria, steps)
    checks += steps.checks
    compared = None
    if content is not None:
        key = policy.name_of(model.address)
        checks += policy_checks(
            content.manifest.root_digest, content.model_name, rule, policy.denied_root_digests, key
        )
        checks += age_check(rule, _times(good))
        checks += _provenance(rule, policy, attested, content)
    if content is not None and not has_failed(checks):
        compared = _compare(model, policy, rule, files, profile, content, checks, progress)
    elif content is not None:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    return _verdict(model, files, profile, now, every, checks, content, compared)


_ONLY_ATTESTED = failed(
    "statement/about-a-model",
    "there are attestations, but no signature over the model",
    fix="sign the model, or ask for provenance that binds: files in the policy",
)


def _times(good: Sequence[JudgedSignature]) -> tuple[TrustedTime, ...]:
    # Of what is good only the good verdicts are told.
    return tuple(time for one in good for verdict in one.verdicts for time in verdict.times)


def _hashed(
    model: Model,
    read: Sequence[SignatureFile],
    criteria: Criteria,
    checks: list[Check],
    progress: Progress | None,
) -> Criteria:
    """Hash a single-file model where a signature is over the file itself."""
    try:
        digests = file_digests(model, [one for found in read for one, _ in found.bundles], progress)
    except SigningError as error:
        checks.append(not_checked("files/readable", error.message, fix=error.hint))
        return criteria
    return msgspec.structs.replace(criteria, digests=digests)


def _judge_file(
    found: SignatureFile, rule: ModelRule, anchors: dict[str, LoadedAnchor], criteria: Criteria
) -> list[JudgedSignature]:
    return [
        _judge_one(found.name, bundle, envelope, index, rule, anchors, criteria)
        for bundle, envelope in found.bundles
        for index in range(len(envelope.signatures))
    ]


def _judge_one(
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
            question = SignatureInput(
                bundle=bundle, envelope=envelope, index=index, rule=signer, anchor=anchor,
                digests=criteria.digests if bundle.message is not None else None,
            )  # fmt: skip
            verdict = judge(question, criteria)
            verdicts[number] = msgspec.structs.replace(verdict, file=file)
    if not verdicts:
        check = failed(
            "signer/named", "the policy names no signer of the kind that this signature is",
            expected=", ".join(sorted({one.anchor for one in rule.signers})),
            actual=bundle.material.kind.value,
            fix="add the signer to the policy, if it is to be trusted",
        )  # fmt: skip
        verdicts[-1] = SignatureVerdict(checks=(check,), file=file, number=index + 1)
    return JudgedSignature(envelope=envelope, by_signer=verdicts)


def _content(
    good: Sequence[JudgedSignature],
    model: Model,
    policy: TrustPolicy,
    profile: Profile,
    criteria: Criteria,
    steps: Steps,
) -> SignedContent | None:
    """Read what the good signatures are over; they must all be over the same files."""
    envelopes = [one.envelope for one in good]
    payloads = dict.fromkeys(
        (one.payload_type, one.payload) for one in envelopes if not isinstance(one, BlobEnvelope)
    )
    found: list[SignedContent] = []
    for payload_type, payload in payloads:
        envelope = Envelope(payload=payload, payload_type=payload_type, signatures=())
        content = read_content(envelope, policy.defaults, profile, steps)
        if content is None:
            return None
        found.append(content)
    if any(isinstance(one, BlobEnvelope) for one in envelopes):
        found.append(blob_content(model, criteria.digests))
    if not found:
        return None
    first = found[0]
    for other in found[1:]:
        is_same = other.manifest.entries == first.manifest.entries
        names = {first.model_name, other.model_name} - {""}
        if not is_same or len(names) > 1:
            steps.add(
                failed("statement/all-alike", "the signatures are over different files",
                       expected=first.manifest.root_digest, actual=other.manifest.root_digest,
                       fix="have every signer sign the same version")
            )  # fmt: skip
    return first


def _provenance(
    rule: ModelRule,
    policy: TrustPolicy,
    attested: Sequence[JudgedSignature],
    content: SignedContent,
) -> list[Check]:
    if rule.provenance is None:
        return []
    found = check_attestations(attested, rule.provenance, policy.defaults.json_limits)
    if not found.accepted:
        return list(found.checks)
    root = content.manifest.root_digest
    bound = check_subjects(found, rule.provenance, root, content.manifest)
    return [*found.checks, bound]


def _compare(
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    files: Sequence[Signature],
    profile: Profile,
    content: SignedContent,
    checks: list[Check],
    progress: Progress | None,
) -> Comparison | None:
    allowed = msgspec.structs.replace(
        allowed_extras(policy, rule, files, profile),
        may_link=policy.defaults.symlinks is Permission.ALLOW
        and content.manifest.serialization.allows_symlinks,
    )
    try:
        with model.opened() as opened:
            compared = compare(opened, content.manifest, allowed, policy.defaults.entries, progress)
    except SigningError as error:
        checks.append(not_checked("files/compared", error.message, fix=error.hint))
        return None
    checks += compared.checks
    return compared


def _verdict(
    model: Model,
    files: Sequence[Signature],
    profile: Profile,
    now: datetime.datetime,
    judged: Sequence[JudgedSignature],
    checks: Sequence[Check],
    content: SignedContent | None,
    compared: Comparison | None,
) -> Verdict:
    answer = answer_of(checks, is_compared=compared is not None)
    return Verdict(
        target=model.address,
        signature_files=tuple(str(file) for file in files),
        answer=answer,
        profile=profile.value,
        checks=tuple(checks),
        signatures=tuple(verdict for one in judged for verdict in one.verdicts),
        model_name=content.model_name if content else "",
        root_digest=content.manifest.root_digest if content else "",
        predicate_type=content.predicate_type if content else "",
        files=compared.files if compared and answer is Answer.VERIFIED else (),
        files_signed=len(content.manifest.paths()) if content else 0,
        files_found=compared.found if compared else 0,
        bytes_hashed=compared.bytes_hashed if compared else 0,
        verified_at=now,
    )

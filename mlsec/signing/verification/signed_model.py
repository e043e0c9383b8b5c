"""The whole of a verification on one screen: signatures, threshold, statement, policy, files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from mlsec.signing.bundles.bundle import Bundle, Envelope
from mlsec.signing.content.comparison import Compared, compare
from mlsec.signing.content.signed_content import (
    Content,
    age_check,
    policy_checks,
    read_content,
)
from mlsec.signing.content.unsigned_files import allowed_beside
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_files import Say
from mlsec.signing.models.model import Model, Signature
from mlsec.signing.provenance.attestations import check_attestations, check_bound
from mlsec.signing.provenance.attested_model import split_attestations, verify_attested
from mlsec.signing.signatures.signature import Question, Terms, is_of_kind, judge, terms_of
from mlsec.signing.signatures.threshold import Judged, check_threshold
from mlsec.signing.trust.anchors import Loaded, load_anchors
from mlsec.signing.trust.policy import Leave, ModelRule, Profile, TrustPolicy
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
    say: Say | None,
) -> Verdict:
    """Verify a model that has signature files; arguments and errors as ``api.verify``."""
    anchors = load_anchors(policy.anchors, [one.anchor for one in rule.signers])
    terms = terms_of(policy, profile, now)
    read = [read_signature_file(file, model, policy) for file in files]
    checks = [check for found in read for check in found.checks]
    terms = _hashed(model, read, terms, checks, say)
    every = [one for found in read for one in _judge_file(found, rule, anchors, terms)]
    attested, judged = split_attestations(every, policy.defaults.json_limits)
    wanted = rule.provenance
    if attested and not judged and wanted is not None and wanted.binds == "files":
        base = _verdict(model, files, profile, now, every, checks, None, None)
        allowed = allowed_beside(policy, rule, files, profile)
        return verify_attested(base, model, policy, rule, wanted, attested, allowed, say)
    if judged:
        checks += check_threshold(judged, rule)
    elif attested:
        checks.append(_ONLY_ATTESTED)
    good = [one for one in judged if one.is_good]
    steps = Steps()
    content = _content(good, model, policy, profile, terms, steps)
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
        compared = _compare(model, policy, rule, files, profile, content, checks, say)
    elif content is not None:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    return _verdict(model, files, profile, now, every, checks, content, compared)


_ONLY_ATTESTED = failed(
    "statement/about-a-model",
    "there are attestations, but no signature over the model",
    fix="sign the model, or ask for provenance that binds: files in the policy",
)


def _times(good: Sequence[Judged]) -> tuple[TrustedTime, ...]:
    # Of what is good only the good verdicts are told.
    return tuple(time for one in good for verdict in one.verdicts for time in verdict.times)


def _hashed(
    model: Model, read: Sequence[SignatureFile], terms: Terms, checks: list[Check], say: Say | None
) -> Terms:
    """Hash a single-file model where a signature is over the file itself."""
    try:
        digests = file_digests(model, [one for found in read for one, _ in found.bundles], say)
    except SigningError as error:
        checks.append(not_checked("files/readable", error.message, fix=error.hint))
        return terms
    return msgspec.structs.replace(terms, digests=digests)


def _judge_file(
    found: SignatureFile, rule: ModelRule, anchors: dict[str, Loaded], terms: Terms
) -> list[Judged]:
    return [
        _judge_one(found.name, bundle, envelope, index, rule, anchors, terms)
        for bundle, envelope in found.bundles
        for index in range(len(envelope.signatures))
    ]


def _judge_one(
    file: str,
    bundle: Bundle,
    envelope: Envelope,
    index: int,
    rule: ModelRule,
    anchors: dict[str, Loaded],
    terms: Terms,
) -> Judged:
    verdicts: dict[int, SignatureVerdict] = {}
    for number, signer in enumerate(rule.signers):
        anchor = anchors[signer.anchor]
        if is_of_kind(bundle, anchor):
            question = Question(
                bundle=bundle, envelope=envelope, index=index, rule=signer, anchor=anchor,
                digests=terms.digests if bundle.message is not None else None,
            )  # fmt: skip
            verdict = judge(question, terms)
            verdicts[number] = msgspec.structs.replace(verdict, file=file)
    if not verdicts:
        check = failed(
            "signer/named", "the policy names no signer of the kind that this signature is",
            expected=", ".join(sorted({one.anchor for one in rule.signers})),
            actual=bundle.material.kind.value,
            fix="add the signer to the policy, if it is to be trusted",
        )  # fmt: skip
        verdicts[-1] = SignatureVerdict(checks=(check,), file=file, number=index + 1)
    return Judged(envelope=envelope, by_signer=verdicts)


def _content(
    good: Sequence[Judged],
    model: Model,
    policy: TrustPolicy,
    profile: Profile,
    terms: Terms,
    steps: Steps,
) -> Content | None:
    """Read what the good signatures are over; they must all be over the same files."""
    envelopes = [one.envelope for one in good]
    payloads = dict.fromkeys(
        (one.payload_type, one.payload) for one in envelopes if not isinstance(one, BlobEnvelope)
    )
    found: list[Content] = []
    for payload_type, payload in payloads:
        envelope = Envelope(payload=payload, payload_type=payload_type, signatures=())
        content = read_content(envelope, policy.defaults, profile, steps)
        if content is None:
            return None
        found.append(content)
    if any(isinstance(one, BlobEnvelope) for one in envelopes):
        found.append(blob_content(model, terms.digests))
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
    rule: ModelRule, policy: TrustPolicy, attested: Sequence[Judged], content: Content
) -> list[Check]:
    if rule.provenance is None:
        return []
    found = check_attestations(attested, rule.provenance, policy.defaults.json_limits)
    if not found.vouched:
        return list(found.checks)
    root = content.manifest.root_digest
    bound = check_bound(found, rule.provenance, root, content.manifest)
    return [*found.checks, bound]


def _compare(
    model: Model,
    policy: TrustPolicy,
    rule: ModelRule,
    files: Sequence[Signature],
    profile: Profile,
    content: Content,
    checks: list[Check],
    say: Say | None,
) -> Compared | None:
    allowed = msgspec.structs.replace(
        allowed_beside(policy, rule, files, profile),
        may_link=policy.defaults.symlinks is Leave.ALLOW
        and content.manifest.serialization.allows_symlinks,
    )
    try:
        with model.opened() as opened:
            compared = compare(opened, content.manifest, allowed, policy.defaults.entries, say)
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
    judged: Sequence[Judged],
    checks: Sequence[Check],
    content: Content | None,
    compared: Compared | None,
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

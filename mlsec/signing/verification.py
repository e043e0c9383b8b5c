"""The whole of a verification on one screen: signatures, threshold, statement, policy, files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.signing.anchors import Loaded, load_anchors
from mlsec.signing.attestations import check_attestations, check_bound
from mlsec.signing.bundle import Bundle, Envelope, parse_bundles
from mlsec.signing.by_attestation import split_attestations, verify_attested
from mlsec.signing.compare import Compared, compare
from mlsec.signing.content import Content, age_check, policy_checks, read_content
from mlsec.signing.errors import SigningError
from mlsec.signing.folder import ModelFolder
from mlsec.signing.hashing import Say
from mlsec.signing.judge import Question, Terms, is_of_kind, judge
from mlsec.signing.policy import Leave, ModelRule, Profile, TrustPolicy
from mlsec.signing.refusal import Steps
from mlsec.signing.threshold import Judged, check_threshold
from mlsec.signing.unsigned import Allowed
from mlsec.signing.verdict import (
    Answer,
    Check,
    Outcome,
    SignatureVerdict,
    TrustedTime,
    Verdict,
    failed,
    not_checked,
)


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """One signature file: its envelopes, or the check that says why there are none."""

    file: Path
    bundles: tuple[tuple[Bundle, Envelope], ...] = ()
    checks: tuple[Check, ...] = ()


def verify_signed(
    target: Path,
    policy: TrustPolicy,
    rule: ModelRule,
    files: Sequence[Path],
    profile: Profile,
    now: datetime.datetime,
    say: Say | None,
) -> Verdict:
    """Verify a model that has signature files; arguments and errors as ``api.verify``."""
    anchors = load_anchors(policy.anchors, [one.anchor for one in rule.signers])
    is_compat = profile is Profile.COMPAT
    terms = Terms(
        defaults=policy.defaults,
        now=now,
        may_be_authority=is_compat or policy.defaults.ca_leaf is Leave.ALLOW,
        denied=policy.denied_fingerprints,
    )
    read = [_read(file, policy) for file in files]
    every = [one for found in read for one in _judge_file(found, rule, anchors, terms)]
    attested, judged = split_attestations(every, policy.defaults.json_limits)
    checks = [check for found in read for check in found.checks]
    wanted = rule.provenance
    if attested and not judged and wanted is not None and wanted.binds == "files":
        base = _verdict(target, files, profile, now, every, checks, None, None)
        allowed = _allowed(target, policy, rule, files, profile)
        return verify_attested(base, target, policy, rule, wanted, attested, allowed, say)
    if judged:
        checks += check_threshold(judged, rule)
    elif attested:
        checks.append(_ONLY_ATTESTED)
    good = [one for one in judged if one.is_good]
    steps = Steps()
    content = _content(good, policy, profile, steps)
    checks += steps.checks
    compared = None
    if content is not None:
        key = policy.name_of(target)
        checks += policy_checks(
            content.manifest.root_digest, content.model_name, rule, policy.denied_root_digests, key
        )
        checks += age_check(rule, _times(good))
        checks += _provenance(rule, policy, attested, content)
    if content is not None and not _has_failed(checks):
        compared = _compare(target, policy, rule, files, profile, content, checks, say)
    elif content is not None:
        checks.append(not_checked("files/compared", "the files were not read, as more is wrong"))
    return _verdict(target, files, profile, now, every, checks, content, compared)


_ONLY_ATTESTED = failed(
    "statement/about-a-model",
    "there are attestations, but no signature over the model",
    fix="sign the model, or ask for provenance that binds: files in the policy",
)


def _times(good: Sequence[Judged]) -> tuple[TrustedTime, ...]:
    return tuple(time for one in good for verdict in one.verdicts for time in _of_good(verdict))


def _read(file: Path, policy: TrustPolicy) -> _Read:
    limit = policy.defaults.bundle_bytes
    try:
        with file.open("rb") as opened:
            data = opened.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be read: {reason}", location=str(file)) from None
    try:
        bundles = parse_bundles(data, policy.defaults.json_limits)
        del data
        found = tuple((one, _envelope(one)) for one in bundles)
    except SigningError as error:
        check = failed(
            "signature/readable", error.message, file=file.name,
            fix=error.hint or "sign the model again; the signature file is broken",
        )  # fmt: skip
        return _Read(file=file, checks=(check,))
    return _Read(file=file, bundles=found)


def _envelope(bundle: Bundle) -> Envelope:
    if bundle.envelope is None:
        raise SigningError("the bundle signs a single blob, not a model's files")
    if bundle.media_type and len(bundle.envelope.signatures) != 1:
        count = len(bundle.envelope.signatures)
        raise SigningError(f"a Sigstore bundle has one signature, this one has {count}")
    return bundle.envelope


def _judge_file(
    found: _Read, rule: ModelRule, anchors: dict[str, Loaded], terms: Terms
) -> list[Judged]:
    return [
        _judge_one(found.file.name, bundle, envelope, index, rule, anchors, terms)
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
                bundle=bundle, envelope=envelope, index=index, rule=signer, anchor=anchor
            )
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


def _of_good(verdict: SignatureVerdict) -> tuple[TrustedTime, ...]:
    return verdict.times if verdict.is_good else ()


def _content(
    good: Sequence[Judged], policy: TrustPolicy, profile: Profile, steps: Steps
) -> Content | None:
    """Read what the good signatures are over; they must all be over the same files."""
    payloads = dict.fromkeys((one.envelope.payload_type, one.envelope.payload) for one in good)
    found: list[Content] = []
    for payload_type, payload in payloads:
        envelope = Envelope(payload=payload, payload_type=payload_type, signatures=())
        content = read_content(envelope, policy.defaults, profile, steps)
        if content is None:
            return None
        found.append(content)
    if not found:
        return None
    first = found[0]
    for other in found[1:]:
        is_same = other.manifest.entries == first.manifest.entries
        if not is_same or other.model_name != first.model_name:
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
    target: Path,
    policy: TrustPolicy,
    rule: ModelRule,
    files: Sequence[Path],
    profile: Profile,
    content: Content,
    checks: list[Check],
    say: Say | None,
) -> Compared | None:
    allowed = msgspec.structs.replace(
        _allowed(target, policy, rule, files, profile),
        may_link=policy.defaults.symlinks is Leave.ALLOW
        and content.manifest.serialization.allows_symlinks,
    )
    try:
        with ModelFolder(target) as folder:
            compared = compare(folder, content.manifest, allowed, policy.defaults.entries, say)
    except SigningError as error:
        checks.append(not_checked("files/compared", error.message, fix=error.hint))
        return None
    checks += compared.checks
    return compared


def _allowed(
    target: Path, policy: TrustPolicy, rule: ModelRule, files: Sequence[Path], profile: Profile
) -> Allowed:
    return Allowed(
        ignored=rule.may_ignore,
        signatures=_inside(target, files),
        extra_files=policy.defaults.extra_files,
        profile=profile,
    )


def _inside(target: Path, files: Sequence[Path]) -> frozenset[str]:
    """The signature files that lie in the model, by their path in it."""
    top = target.resolve()
    places = [file.parent.resolve() / file.name for file in files]
    return frozenset(
        place.relative_to(top).as_posix() for place in places if place.is_relative_to(top)
    )


def _has_failed(checks: Sequence[Check]) -> bool:
    return any(one.is_fatal and one.outcome is Outcome.FAILED for one in checks)


def _verdict(
    target: Path,
    files: Sequence[Path],
    profile: Profile,
    now: datetime.datetime,
    judged: Sequence[Judged],
    checks: Sequence[Check],
    content: Content | None,
    compared: Compared | None,
) -> Verdict:
    is_open = any(one.is_fatal and one.outcome is Outcome.NOT_CHECKED for one in checks)
    answer = Answer.VERIFIED
    if _has_failed(checks):
        answer = Answer.FAILED
    elif is_open or compared is None:
        answer = Answer.INCOMPLETE
    return Verdict(
        target=str(target),
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

"""The public functions of this package: verify, sign and inspect models."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec.signing.content.task import VerificationTask
from mlsec.signing.errors import UnreadError
from mlsec.signing.files.hash_plan import Progress
from mlsec.signing.inspection import BundleSummary, inspect
from mlsec.signing.models.discovery import discover
from mlsec.signing.models.local_model import local_model
from mlsec.signing.models.model import Model, Signature
from mlsec.signing.signer.sign import sign
from mlsec.signing.trust.lock_file import record_digest
from mlsec.signing.trust.policy import Profile, Reaction, TrustPolicy
from mlsec.signing.trust.policy_loader import load_policy
from mlsec.signing.verdicts.verdict import (
    Answer,
    Check,
    Outcome,
    Verdict,
    answer_of,
    failed,
    not_checked,
)

__all__ = [
    "Answer", "BundleSummary", "Outcome", "Profile", "Verdict", "discover", "inspect",
    "load_policy", "record_first_use", "sign", "verify", "verify_model",
]  # fmt: skip


def verify(
    target: Path,
    policy: TrustPolicy,
    *,
    signatures: Sequence[Path] = (),
    profile: Profile = Profile.STRICT,
    now: datetime.datetime | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Verify a model against a trust policy, offline.

    Args:
        target: the folder of a model, or its one file.
        policy: as loaded; a model that no entry names is not trusted.
        signatures: signature files; those found by ``discover`` when empty.
        profile: how strictly to read.
        now: the time to judge by, aware; the clock's when None.
        progress: called with the bytes hashed and the bytes in all.

    Returns:
        A verdict, whatever the model and its signatures hold.

    Raises:
        MlsecError: the target, a named signature file or something the policy points to cannot
            be read.
    """
    model = local_model(target)
    return verify_model(
        model,
        policy,
        signatures=model.signatures(signatures),
        profile=profile,
        now=now,
        progress=progress,
    )


def verify_model(
    model: Model,
    policy: TrustPolicy,
    *,
    signatures: Sequence[Signature] = (),
    profile: Profile = Profile.STRICT,
    now: datetime.datetime | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Verify a model on disk or in a store; arguments and errors as ``verify``."""
    at = now or datetime.datetime.now(datetime.UTC)
    rule = policy.select(model.address)
    if rule is None:
        check = failed(
            "policy/names-the-model",
            "no entry of the trust policy matches this model, so no signer is trusted",
            actual=model.address,
            fix=f"add it under models in {policy.file.name}",
        )
        return _verdict(model, profile, at, check)
    task = VerificationTask(
        model=model, policy=policy, rule=rule, profile=profile, now=at, progress=progress
    )
    if not signatures and model.has("oci-layout") and model.has("index.json"):
        from mlsec.signing.oci.verify import verify_layout  # noqa: PLC0415

        return verify_layout(task)
    try:
        files = tuple(signatures) or tuple(model.discover())
    except UnreadError as error:
        check = not_checked("signature/present", error.message, fix=error.hint)
        return _verdict(model, profile, at, check)
    if not files:
        check = _unsigned(policy.defaults.unsigned)
        return _verdict(model, profile, at, check)
    # Only now is cryptography needed, and imported.
    from mlsec.signing.verification.signed_model import verify_signed_model  # noqa: PLC0415

    return verify_signed_model(msgspec.structs.replace(task, signatures=files))


def _verdict(model: Model, profile: Profile, now: datetime.datetime, check: Check) -> Verdict:
    """Return the verdict that one check alone decides, as nothing was compared."""
    return Verdict(
        target=model.address,
        signature_files=(),
        answer=answer_of((check,), is_compared=False),
        profile=profile.value,
        checks=(check,),
        verified_at=now,
    )


def _unsigned(reaction: Reaction) -> Check:
    what = "there is no signature"
    fix = "sign the model (mlsec sign), or name the signature with --signature"
    make = failed if reaction is Reaction.FAIL else not_checked
    return make("signature/present", what, fix=fix)


def record_first_use(verdict: Verdict, policy: TrustPolicy) -> bool:
    """Write a verified model's root digest into the lock file its policy names, once.

    Returns:
        Whether something was written.

    Raises:
        MlsecError: the lock file cannot be read or written.
    """
    rule = policy.select(verdict.target)
    if rule is None or rule.lock is None or verdict.answer is not Answer.VERIFIED:
        return False
    return record_digest(rule.lock, policy.name_of(verdict.target), verdict.root_digest)

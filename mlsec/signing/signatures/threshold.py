"""The threshold of a policy entry: how many of its signers must have signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.trust.policy import ModelRule
from mlsec.signing.verdicts.verdict import (
    Check,
    Outcome,
    SignatureVerdict,
    Signer,
    TrustedTime,
    failed,
    not_checked,
    passed,
)

_SEE_SIGNATURES = "see the checks of each signature"


class JudgedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature with its verdict for each signer of the policy (by index, -1 for none)."""

    envelope: Envelope
    by_signer: Mapping[int, SignatureVerdict]

    @property
    def is_good(self) -> bool:
        """Whether it holds for some signer."""
        return any(verdict.is_good for verdict in self.by_signer.values())

    @property
    def is_open(self) -> bool:
        """Whether it might hold, if more were known."""
        return not self.is_good and any(verdict.is_open for verdict in self.by_signer.values())

    @property
    def verdicts(self) -> tuple[SignatureVerdict, ...]:
        """The verdicts worth reporting: the good ones, or else all."""
        good = tuple(verdict for verdict in self.by_signer.values() if verdict.is_good)
        return good or tuple(self.by_signer.values())


def times_of(signatures: Sequence[JudgedSignature]) -> tuple[TrustedTime, ...]:
    """Return the trusted times of the verdicts that are good."""
    verdicts = (verdict for signature in signatures for verdict in signature.verdicts)
    return tuple(time for verdict in verdicts if verdict.is_good for time in verdict.times)


def check_threshold(signatures: Sequence[JudgedSignature], rule: ModelRule) -> list[Check]:
    """Count different signers, or demand that every signature holds where no count is given."""
    count = _signer_count(signatures)
    needed = max(rule.threshold, 1)
    good = sum(signature.is_good for signature in signatures)
    check_id, shown = "signature/enough-signers", f"{count} of {len(rule.signers)} signers"
    if count < needed:
        reason = _reason(signatures)
        if count + sum(signature.is_open for signature in signatures) >= needed:
            return [not_checked(check_id, reason, actual=shown, fix=_SEE_SIGNATURES)]
        return [failed(check_id, reason, expected=f"{needed}", actual=shown, fix=_SEE_SIGNATURES)]
    if not rule.threshold and good < len(signatures):
        return [
            failed(
                "signature/every-one-holds",
                "one of several signatures is not valid",
                expected=f"{len(signatures)} good signatures",
                actual=f"{good}",
                fix="remove it, or say under require how many must hold (threshold)",
            )
        ]
    return [passed(check_id, "enough signers of the policy signed", actual=shown)]


def _reason(signatures: Sequence[JudgedSignature]) -> str:
    """Return the reason when there is but one, or else that there are too few signers."""
    reasons = {
        check.what
        for signature in signatures
        for verdict in signature.verdicts
        for check in verdict.checks
        if check.outcome is not Outcome.OK and check.is_fatal
    }
    return reasons.pop() if len(reasons) == 1 else "too few signers of the policy signed"


def _signer_count(signatures: Sequence[JudgedSignature]) -> int:
    """Count the most pairs of a signer of the policy and somebody who signed, such that nobody
    is counted twice: a key under two anchors is one signer.
    """
    rules_of: dict[str, set[int]] = {}
    for signature in signatures:
        for number, verdict in signature.by_signer.items():
            if verdict.is_good and verdict.signer is not None:
                rules_of.setdefault(_identity(verdict.signer), set()).add(number)
    assigned: dict[int, str] = {}

    def assign(signer: str, tried: set[int]) -> bool:
        for number in sorted(rules_of[signer] - tried):
            tried.add(number)
            if number not in assigned or assign(assigned[number], tried):
                assigned[number] = signer
                return True
        return False

    return sum(assign(signer, set()) for signer in sorted(rules_of))


def _identity(signer: Signer) -> str:
    # A Sigstore key lives for one signature, so there the name distinguishes the signers.
    if signer.issuer:
        return f"{signer.issuer} {'|'.join(identity.value for identity in signer.identities)}"
    return signer.key_fingerprint

"""How many different signers of the policy signed, and whether that is enough."""

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
    failed,
    not_checked,
    passed,
)


class JudgedSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature with its verdict for each signer of the policy (by index, -1 for none)."""

    envelope: Envelope
    by_signer: Mapping[int, SignatureVerdict]

    @property
    def is_good(self) -> bool:
        """Whether it holds for some signer."""
        return any(one.is_good for one in self.by_signer.values())

    @property
    def is_open(self) -> bool:
        """Whether it might hold, if more were known."""
        return not self.is_good and any(one.is_open for one in self.by_signer.values())

    @property
    def verdicts(self) -> tuple[SignatureVerdict, ...]:
        """The verdicts worth telling: the good ones, or else all."""
        good = tuple(one for one in self.by_signer.values() if one.is_good)
        return good or tuple(self.by_signer.values())


def check_threshold(judged: Sequence[JudgedSignature], rule: ModelRule) -> list[Check]:
    """Count different signers, or demand that every signature holds where no count is given."""
    count = _matched(judged)
    wanted = max(rule.threshold, 1)
    good = sum(one.is_good for one in judged)
    shown = f"{count} of {len(rule.signers)} signers"
    if count < wanted and count + sum(one.is_open for one in judged) >= wanted:
        return [
            not_checked(
                "signature/enough-signers",
                _why(judged),
                actual=shown,
                fix="see the checks of each signature",
            )
        ]
    if count < wanted:
        return [
            failed(
                "signature/enough-signers",
                _why(judged),
                expected=f"{wanted}",
                actual=shown,
                fix="see the checks of each signature",
            )
        ]
    if not rule.threshold and good < len(judged):
        return [
            failed(
                "signature/every-one-holds",
                "one of several signatures does not hold",
                expected=f"{len(judged)} good signatures",
                actual=f"{good}",
                fix="remove it, or say under require how many must hold (threshold)",
            )
        ]
    return [passed("signature/enough-signers", "enough signers of the policy signed", actual=shown)]


def _why(judged: Sequence[JudgedSignature]) -> str:
    """The reason when there is but one, or else that there are too few."""
    bad = {
        check.what
        for one in judged
        for verdict in one.verdicts
        for check in verdict.checks
        if check.outcome is not Outcome.OK and check.is_fatal
    }
    return bad.pop() if len(bad) == 1 else "too few signers of the policy signed"


def _matched(judged: Sequence[JudgedSignature]) -> int:
    """The greatest number of pairs of a signer of the policy and somebody who signed, such that
    nobody is counted twice: a key under two anchors is one signer.
    """
    wishes: dict[str, set[int]] = {}
    for one in judged:
        for number, verdict in one.by_signer.items():
            if verdict.is_good and verdict.signer is not None:
                wishes.setdefault(_who(verdict.signer), set()).add(number)
    taken: dict[int, str] = {}

    def seat(who: str, seen: set[int]) -> bool:
        for number in sorted(wishes[who] - seen):
            seen.add(number)
            if number not in taken or seat(taken[number], seen):
                taken[number] = who
                return True
        return False

    return sum(seat(who, set()) for who in sorted(wishes))


def _who(signer: Signer) -> str:
    # A Sigstore key lives for one signature, so there the name is what tells people apart.
    if signer.issuer:
        return f"{signer.issuer} {'|'.join(one.value for one in signer.identities)}"
    return signer.key_fingerprint

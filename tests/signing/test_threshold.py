"""How many different signers signed: nobody counts twice, and only what holds counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlsec.signing.bundles.bundle import Envelope
from mlsec.signing.signatures.signer_checks import check_issuer, check_key_window
from mlsec.signing.signatures.threshold import JudgedSignature, check_threshold
from mlsec.signing.trust.policy import KeyAnchor, ModelRule, SignerRule
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import (
    Check,
    Identity,
    IdentityType,
    Outcome,
    SignatureVerdict,
    Signer,
    failed,
    not_checked,
    passed,
)

ENVELOPE = Envelope(payload=b"", payload_type="", signatures=())
GOOD, BAD, OPEN = passed("a", "holds"), failed("a", "does not"), not_checked("a", "not known")


def signer(key: str, name: str = "", issuer: str = "") -> Signer:
    names = (Identity(type=IdentityType.EMAIL, value=name),) if name else ()
    return Signer(key_fingerprint=key, algorithm="x", identities=names, issuer=issuer)


def signed(who: Signer | None, *numbers: int, check: Check = GOOD) -> JudgedSignature:
    verdict = SignatureVerdict(checks=(check,), signer=who)
    return JudgedSignature(envelope=ENVELOPE, by_signer=dict.fromkeys(numbers, verdict))


def outcome(threshold: int, *judged: JudgedSignature) -> Outcome:
    rule = ModelRule(threshold=threshold, signers=(SignerRule(anchor="a"),) * 3)
    return check_threshold(judged, rule)[0].outcome


ALICE, BOB = signer("k1"), signer("k2")
# A key of Sigstore lives for one signature.
ONCE = signer("k1", "alice@corp.example", "https://issuer.example")
AGAIN = signer("k2", "alice@corp.example", "https://issuer.example")
ELSEWHERE = signer("k3", "alice@corp.example", "https://other.example")


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ((signed(ALICE, 0), signed(BOB, 1)), Outcome.OK),
        ((signed(ALICE, 0, 1), signed(BOB, 0)), Outcome.OK),
        ((signed(ALICE, 0), signed(ALICE, 1)), Outcome.FAILED),
        ((signed(ALICE, 0, 1),), Outcome.FAILED),
        ((signed(ALICE, 0), signed(BOB, 0)), Outcome.FAILED),
        ((signed(ONCE, 0, 1), signed(AGAIN, 0, 1)), Outcome.FAILED),
        ((signed(ONCE, 0, 1), signed(ELSEWHERE, 0, 1)), Outcome.OK),
        ((signed(ALICE, 0), signed(BOB, 1, check=BAD)), Outcome.FAILED),
        ((signed(ALICE, 0), signed(BOB, 1, check=OPEN)), Outcome.NOT_CHECKED),
        ((signed(ALICE, 0), signed(None, 1)), Outcome.FAILED),
        ((signed(ALICE, 0), signed(BOB, 1), signed(None, -1, check=BAD)), Outcome.OK),
    ],
)
def test_two_of_three(judged: tuple[JudgedSignature, ...], expected: Outcome) -> None:
    assert outcome(2, *judged) is expected


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ((signed(ALICE, 0),), Outcome.OK),
        ((signed(ALICE, 0), signed(BOB, 1, check=BAD)), Outcome.FAILED),
        ((signed(ALICE, 0, check=OPEN),), Outcome.NOT_CHECKED),
        ((signed(None, 0),), Outcome.FAILED),
        ((), Outcome.FAILED),
    ],
)
def test_without_a_count_one_is_enough_and_none_may_be_bad(
    judged: tuple[JudgedSignature, ...], expected: Outcome
) -> None:
    assert outcome(0, *judged) is expected


def test_a_key_counts_until_its_end_which_is_not_included() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    anchor = KeyAnchor(pem=Path("k"), valid_from=start, valid_to=end)
    check_key_window(anchor, start)
    check_key_window(anchor, end - timedelta(microseconds=1))
    for at in (start - timedelta(microseconds=1), end):
        with pytest.raises(CheckFailedError):
            check_key_window(anchor, at)


def test_nobody_vouched_for_is_not_vouched_for_by_a_rule_without_an_issuer() -> None:
    with pytest.raises(CheckFailedError):
        check_issuer(SignerRule(anchor="a"), ALICE)

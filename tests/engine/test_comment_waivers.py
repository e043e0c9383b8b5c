"""A waiver in a comment must say what one in a file must; a malformed one waives nothing."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec
import pytest

from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.waiver_note import WaiverNote
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.waivers.comment_waivers import NO_OWNER, comment_waivers
from mlsec.engine.waivers.waivers import apply_waivers
from mlsec.vocabulary.types import Vocabulary
from tests.engine.small import load_texts, rule_text

GOOD = "a/b until=2027-01-31 reason=the sandbox has no data"
NO_RULES = RuleSet(vocabulary=Vocabulary(types={}, digest=""), rules=())
NOW = datetime.datetime(2027, 1, 31, 23, 59, tzinfo=datetime.UTC)


def note(words: str, **more: object) -> WaiverNote:
    made = WaiverNote(scope="code/.", file="main.tf", line=4, words=f" {words}", heads=(5,))
    return msgspec.structs.replace(made, **more)


def finding(**more: object) -> Finding:
    subject = Subject(id="x", type="t", provider="p", scope="code/.", file="main.tf", line=5)
    return Finding(
        fingerprint="f", rule="a/b", status=Status.FAIL, severity=Severity.HIGH, message="m",
        category=Category.ACCESS, concern=Concern.SECURITY,
        resource=msgspec.structs.replace(subject, **more),
    )  # fmt: skip


def applied(words: str, one: Finding, now: datetime.datetime = NOW) -> tuple[bool, str, bool]:
    """Whether the finding is waived, what became of the waiver, and whether it is broad."""
    waivers, notices = comment_waivers([note(words)])
    assert notices == ()
    (marked,), (state,) = apply_waivers([one], waivers, now, NO_RULES)
    return marked.waiver is not None, state.state, state.is_broad


def test_a_comment_that_names_the_former_id_of_a_rule_waives_it(tmp_path: Path) -> None:
    ruleset = load_texts(tmp_path, rule_text("thing/new", aliases="[thing/old]"))
    waivers, _ = comment_waivers([note("thing/old until=2027-01-31 reason=x")])
    failed = msgspec.structs.replace(finding(), rule="thing/new")
    (marked,), _ = apply_waivers([failed], waivers, NOW, ruleset)
    assert marked.waiver is not None


def test_waiver_says_where_it_stands_who_owns_it_and_why() -> None:
    (waiver,), _ = comment_waivers([note(f"{GOOD} owner=ml-platform ticket=ML-7")])
    assert (waiver.id, waiver.rule, waiver.reason) == (
        "main.tf:4", "a/b", "the sandbox has no data",
    )  # fmt: skip
    assert (waiver.owner, waiver.ticket) == ("ml-platform", "ML-7")
    (other,), _ = comment_waivers([note('a/* reason="a = b" until=2027-01-31')])
    assert (other.owner, other.reason) == (NO_OWNER, "a = b")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "names no rule"),
        ("until=2027-01-31 reason=x", "names no rule"),
        ("$(id) until=2027-01-31 reason=x", "names no rule"),
        ("a/b", 'no "until="'),
        ("a/b reason=x", 'no "until="'),
        ("a/b until=2027-01-31", 'no "reason="'),
        ("a/b until=2027-01-31 reason=", 'no "reason="'),
        ("a/b until=2027-01-31 reason=''", 'no "reason="'),
        ("a/b until=never reason=x", "not a day"),
        ("a/b until=2027-02-30 reason=x", "not a day"),
        ("a/b until=20270131 reason=x", "not a day"),
        ("a/b until=2027-01-31 until=2028-01-31 reason=x", "twice"),
        ("a/b until=2027-01-31 owned=x reason=x", "not part of the form"),
        ("a/b for ever until=2027-01-31 reason=x", "not part of the form"),
        ("a/b until=2027-01-31 reason=" + "x" * 1001, "longer"),
    ],
)
def test_malformed_one_is_a_notice_and_waives_nothing(words: str, said: str) -> None:
    waivers, (notice,) = comment_waivers([note(words)])
    assert waivers == ()
    assert notice.startswith("main.tf:4: this mlsec:ignore waives nothing: ")
    assert said in notice


def test_what_cannot_be_one_at_all_is_a_notice() -> None:
    waivers, (notice,) = comment_waivers([note(GOOD, problem="JSON has no comments")])
    assert waivers == ()
    assert "JSON" in notice


def test_very_many_malformed_ones_are_counted() -> None:
    _, notices = comment_waivers([note("")] * 70)
    assert len(notices) == 51
    assert "20 more" in notices[-1]


@pytest.mark.parametrize(
    ("words", "one", "expected"),
    [
        (GOOD, finding(), (True, "used", False)),
        (GOOD.replace("a/b", "a/*"), finding(), (True, "used", False)),
        (GOOD.replace("a/b", "a/c"), finding(), (False, "unused", False)),
        (GOOD.replace("a/b", "*"), finding(), (True, "used", True)),
        (GOOD.replace("2027-01-31", "2027-01-30"), finding(), (False, "expired", False)),
        (GOOD, finding(line=6), (False, "unused", False)),
        (GOOD, finding(file="other.tf"), (False, "unused", False)),
        (GOOD, finding(scope="code/other"), (False, "unused", False)),
        (GOOD, finding(file="", line=0), (False, "unused", False)),
    ],
    ids=[
        "its block", "a glob", "another rule", "every rule", "over", "another block",
        "another file", "another target", "no code",
    ],
)  # fmt: skip
def test_it_holds_for_its_rule_in_its_block_until_its_day(
    words: str, one: Finding, expected: tuple[bool, str, bool]
) -> None:
    assert applied(words, one) == expected


def test_pass_and_not_assessed_are_never_waived() -> None:
    unread = msgspec.structs.replace(finding(), status=Status.NOT_ASSESSED)
    assert applied(GOOD, unread) == (False, "unused", False)

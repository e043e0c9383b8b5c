"""The verdict says no more than was shown: what is open, from where, and what was not seen."""

from __future__ import annotations

from collections.abc import Callable

import hostile
import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Consequence, Exposure, Severity, Status
from mlsec.render import tally
from mlsec.render.html.places import places_of
from mlsec.render.verdict import verdict_of


def line_of(assessment: Assessment) -> str:
    return verdict_of(assessment, tally.count(assessment)).line


def with_objectives(exposure: Exposure, consequence: Consequence) -> Assessment:
    whole = samples.rich()
    rules = tuple(
        msgspec.structs.replace(rule, exposure=exposure, consequence=consequence)
        for rule in whole.rules
    )
    return msgspec.structs.replace(whole, rules=rules)


@pytest.mark.parametrize(
    ("exposure", "consequence", "words"),
    [
        (Exposure.ANYONE, Consequence.SERVICE, "let someone in from outside"),
        (Exposure.OUTSIDE, Consequence.DATA, "let someone in from outside"),
        (Exposure.INSIDE, Consequence.TAKEOVER, "let insiders take over"),
        (Exposure.INSIDE, Consequence.DATA, "are critical or high"),
    ],
)
def test_the_harm_is_what_the_objectives_of_the_rules_say(
    exposure: Exposure, consequence: Consequence, words: str
) -> None:
    line = line_of(with_objectives(exposure, consequence))
    assert line.startswith("Not safe to serve: ")
    assert line.endswith(f" causes {words}, and 10% of the checks could not be made")


def test_without_objectives_only_the_severity_is_said() -> None:
    assert "causes are critical or high" in line_of(samples.rich())


@pytest.mark.parametrize(
    "sample",
    [samples.rich, samples.empty, samples.clean, samples.unread, hostile.hostile],
)
def test_no_verdict_calls_anything_safe(sample: Callable[[], Assessment]) -> None:
    line = line_of(sample()).lower()
    assert "safe" not in line.replace("not safe to ", "")
    assert "secure" not in line


def test_what_was_not_read_is_part_of_the_verdict() -> None:
    whole = samples.rich()
    unread = tuple(one for one in whole.findings if one.status is Status.NOT_ASSESSED)
    quiet = msgspec.structs.replace(whole, findings=unread, causes=())
    assert line_of(quiet) == (
        "No open findings: 8 checks passed, and 20% of the checks could not be made"
    )


def test_nothing_assessed_is_no_verdict() -> None:
    assert line_of(samples.unread()) == "No verdict: nothing was assessed"


def test_lesser_findings_alone_are_not_called_unsafe() -> None:
    whole = samples.rich()
    findings = tuple(
        msgspec.structs.replace(one, severity=Severity.MEDIUM) for one in whole.findings
    )
    causes = tuple(msgspec.structs.replace(one, severity=Severity.MEDIUM) for one in whole.causes)
    line = line_of(msgspec.structs.replace(whole, findings=findings, causes=causes))
    assert line.startswith("Nothing critical or high was found; 9 lesser findings are open")


@pytest.mark.parametrize("sample", [samples.rich, samples.clean, hostile.hostile])
def test_places_count_what_the_whole_counts(sample: Callable[[], Assessment]) -> None:
    whole = sample()
    counts, places = tally.count(whole), places_of(whole)
    assert sum(row.open for row in places.rows) + places.left_open == counts.failed
    if not places.left:
        assert sum(row.not_assessed for row in places.rows) == counts.not_assessed

"""The verdict in one sentence, as every report says it: what was found, and what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.enums import Consequence, Exposure, Severity
from mlsec.core.finding import Finding
from mlsec.core.gate_result import Gate
from mlsec.render import tally
from mlsec.render.causes import CauseView, open_causes
from mlsec.render.display import plural

_FROM_OUTSIDE = (Exposure.ANYONE, Exposure.OUTSIDE)
_FILE = "files.artifact"
_OUTSIDE, _TAKEOVER, _OTHER = range(3)
# What a number of causes does, for one and for several, the worst first.
_HARMS = {
    _OUTSIDE: ("lets someone in from outside", "let someone in from outside"),
    _TAKEOVER: ("lets insiders take over", "let insiders take over"),
    _OTHER: ("is critical or high", "are critical or high"),
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the whole assessment comes to.

    ``state`` is ``nothing``, ``partial`` or ``complete``: how much of it was assessed.
    ``sentence`` never says that something is safe; ``unseen`` says how much could not be read, ""
    when everything was.
    """

    state: str
    sentence: str
    unseen: str

    @property
    def line(self) -> str:
        """Both in one line."""
        return self.sentence + (f", {self.unseen}" if self.unseen else "")


def verdict_of(
    assessment: Assessment, counts: tally.Tally, causes: Sequence[CauseView] | None = None
) -> Verdict:
    """Give the verdict; ``causes`` are the open ones where they are known already."""
    state = state_of(assessment, counts)
    if state == "nothing":
        return Verdict(state=state, sentence=_nothing(assessment), unseen="")
    views = open_causes(assessment) if causes is None else causes
    severe = [view for view in views if view.severity.rank <= Severity.HIGH.rank]
    unseen = "" if state == "complete" else _unseen(counts)
    if severe:
        is_code = all(view.findings[0].resource.is_in_code for view in views)
        doing = "deploy" if is_code else "serve"
        sentence = f"Not safe to {doing}: {_harms(severe, assessment)}"
    elif counts.failed:
        sentence = (
            f"Nothing critical or high was found; {plural(counts.failed, 'lesser finding')}"
            f" {'is' if counts.failed == 1 else 'are'} open"
        )
    else:
        waived = f", {counts.waived:,} waived" if counts.waived else ""
        where = " in what changed" if assessment.limit is not None else ""
        passed = plural(counts.passed, "check")
        sentence = f"No open findings{where}: {passed} passed{waived}"
    return Verdict(state=state, sentence=sentence, unseen=unseen)


def state_of(assessment: Assessment, counts: tally.Tally) -> str:
    """Say how much was assessed: ``nothing``, ``partial`` or ``complete``."""
    if counts.checks == counts.not_assessed:
        return "nothing"
    return "complete" if tally.is_complete(assessment, counts) else "partial"


def _nothing(assessment: Assessment) -> str:
    if assessment.limit is not None:
        return "The change affects nothing that is assessed"
    if assessment.gate is not None and assessment.gate.result is Gate.CLEAN:
        files = sum(row.enumerated for row in assessment.coverage.rows if row.type == _FILE)
        return (
            f"Nothing to assess: of {plural(files, 'file')} none is a model, and none declares what"
            " is checked here"
        )
    return "No verdict: nothing was assessed"


def _unseen(counts: tally.Tally) -> str:
    if not counts.not_assessed:
        return "and not everything could be listed"
    return f"and {100 - counts.percent}% of the checks could not be made"


def _harms(severe: Sequence[CauseView], assessment: Assessment) -> str:
    rules = {rule.id: rule for rule in assessment.rules}
    harms = Counter(_harm(view, rules) for view in severe)
    kinds = sorted(harms)
    parts = []
    for position, kind in enumerate(kinds):
        number = harms[kind]
        single, several = _HARMS[kind]
        does = single if number == 1 else several
        if not position:
            parts.append(f"{plural(number, 'cause')} {does}")
        else:
            parts.append(f"{number:,} more {does}")
    return " and ".join((", ".join(parts[:-1]), parts[-1]) if parts[1:] else parts)


def _harm(view: CauseView, rules: Mapping[str, RuleSummary]) -> int:
    """Give the worst that its severe findings allow, by what their rules say of themselves."""
    return min(_harm_of(finding, rules.get(finding.rule)) for finding in view.findings)


def _harm_of(finding: Finding, rule: RuleSummary | None) -> int:
    if rule is None or finding.severity.rank > Severity.HIGH.rank:
        return _OTHER
    if rule.exposure in _FROM_OUTSIDE:
        return _OUTSIDE
    return _TAKEOVER if rule.consequence is Consequence.TAKEOVER else _OTHER

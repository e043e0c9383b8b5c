"""The page of frameworks: the two kinds, what a result means, and each framework in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docs.site.markup import code, fence, link, table, text
from mlsec.core.enums import Automation, ControlStatus, FrameworkKind, Relation
from mlsec.core.framework import Framework
from mlsec.engine.model.rule import RuleSet

_KINDS: Mapping[FrameworkKind, str] = {
    FrameworkKind.BENCHMARK: "Settings of one cloud or of Kubernetes, written to be checked. A rule"
    " links to a control only where it tests what that control tests.",
    FrameworkKind.CATALOGUE: "What an organisation has to achieve. The objective of a rule links to"
    " a control, with the reason, and each linked control says what is tested of it, what is not,"
    " and which objectives are needed.",
}
_RESULTS: Mapping[ControlStatus, str] = {
    ControlStatus.AGAINST: "at least one rule that links to it failed, waived or not",
    ControlStatus.NOT_ASSESSED: "no rule failed, and something could not be read",
    ControlStatus.TESTED_PART: "everything that is needed was assessed, met something (a list"
    " that is empty is nothing) and passed; the rest of the control was not tested",
    ControlStatus.NO_EVIDENCE: "not all that is needed was tested: nothing of that kind is there,"
    " or rules were left out",
    ControlStatus.MANUAL: "no rule tests any part of it: people have to look",
}
_RELATIONS: Mapping[Relation, str] = {
    Relation.EQUAL: "what is tested is what the control asks for",
    Relation.SUBSET: "what is tested lies wholly inside what the control asks for",
    Relation.INTERSECTS: "the two only overlap",
}
_AUTOMATION: Mapping[Automation, str] = {
    Automation.AUTOMATED: "all of it can be tested by reading a configuration",
    Automation.PARTIAL: "a part can",
    Automation.MANUAL: "nothing can: it is about policies, roles, training or people",
}


def frameworks_page(ruleset: RuleSet) -> str:
    """Give the page as Markdown."""
    return "\n".join([*_meaning(), *_sheet(), *_oscal(), *_numbers(ruleset)])


def _meaning() -> Iterator[str]:
    yield "# Frameworks and evidence"
    yield ""
    yield (
        "mlsec gives evidence about controls; it never says that one is met. There are two kinds of"
        " framework:"
    )
    yield ""
    yield from table(("Kind", "What it is"), [[code(k.value), t] for k, t in _KINDS.items()])
    yield "A scan gives each control one result:"
    yield ""
    yield from table(("Result", "When"), [[code(k.value), text(t)] for k, t in _RESULTS.items()])
    yield (
        "Rules of providers that were not scanned do not count. Every control of a framework is"
        " counted, so that a report can say how many of them have evidence at all."
    )
    yield ""
    yield (
        "A link says how the two relate, by the set theory of NIST IR 8477, and the record of a"
        " control how much of it a configuration can show:"
    )
    yield ""
    rows = [[code(key.value), text(words)] for key, words in {**_RELATIONS, **_AUTOMATION}.items()]
    yield from table(("Word", "Meaning"), rows)


def _sheet() -> Iterator[str]:
    yield "## One framework as a sheet"
    yield ""
    yield fence(
        "mlsec scan aws --framework nist-800-53:moderate -o out  # controls.html and controls.csv\n"
        "mlsec report out/assessment.json --framework owasp-llm -f csv", "sh"
    )  # fmt: skip
    yield ""
    yield (
        "The sheet goes from each control to what is tested of it, the rules, the resources, the"
        " observed values and their status, and says what is not tested. A scan with"
        f" {code('--framework')} runs only the rules that link to it; a profile, such as a baseline"
        " of SP 800-53, limits it to the controls of the profile."
    )
    yield ""


def _oscal() -> Iterator[str]:
    yield "## OSCAL"
    yield ""
    yield (
        f"{code('mlsec scan -f oscal')} and {code('mlsec report -f oscal')} write"
        f" {code('results.oscal.json')}: OSCAL assessment results 1.1.3, one result a scan, for"
        " systems that collect evidence. There is an observation for each rule and resource that"
        " failed or could not be read, with the values that decided; one for each rule that passed,"
        " with its resources and values; and a finding for each control that a rule judged"
        f" something for (with {code('--framework')}, of that framework)."
    )
    yield ""
    yield (
        f"OSCAL has two states. {code('satisfied')} is only a control that was tested as a whole"
        f" and passed: its record says {code('automated')}, or it is a setting of a benchmark, and"
        f" a rule tests the same ({code('equal')}), on what is deployed."
        f" Everything else is {code('not-satisfied')}"
        f" with a reason: {code('fail')} where there is evidence against it, {code('other')} where"
        " a part was tested, or something was not; the description says how far the evidence goes."
        " Controls of SP 800-53 have the ids of NIST's own catalogue, the others begin with the"
        " name of their framework."
    )
    yield ""


def _numbers(ruleset: RuleSet) -> Iterator[str]:
    frameworks = ruleset.frameworks
    linked = {link.id for item in frameworks.objectives.values() for link in item.controls}
    linked |= {link.id for rule in ruleset.rules for link in rule.controls}
    yield f"## {len(frameworks.frameworks)} frameworks"
    yield ""
    yield (
        "Each list holds all that its source has, so that controls without evidence count too."
        " Titles are shown where their licence allows it."
    )
    yield ""
    rows = [
        [
            text(item.title),
            item.kind.value,
            str(len(item.controls)),
            str(sum(f"{name}/{control_id}" in linked for control_id in item.controls)),
            ", ".join(map(code, item.profiles)),
        ]
        for name, item in sorted(frameworks.frameworks.items())
    ]
    yield from table(("Framework", "Kind", "Controls", "With rules", "Profiles"), rows)
    yield "## Where the lists come from"
    yield ""
    for name, item in sorted(frameworks.frameworks.items()):
        yield f"- {code(name)}: {_source(item)}"
    yield ""
    yield f"How a rule gets its severity and its objective: {link('Severities', 'severity.md')}."
    yield ""


def _source(framework: Framework) -> str:
    return text(f"{framework.source}. Licence: {framework.licence}.")

"""The page of severities: the method, and every objective with its answers and its rules."""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping

from docs.site.markup import code, table, text
from docs.site.rule_names import GROUPS, group_of
from mlsec.core.enums import Consequence, Effort, Exposure, Profile, Severity
from mlsec.engine.model.objectives import (
    CONSEQUENCE_POINTS,
    EFFORT_POINTS,
    EXPOSURE_POINTS,
    THRESHOLDS,
    Objective,
    severity_of,
)
from mlsec.engine.model.rule import RuleSet

_MEANINGS: Mapping[enum.Enum, str] = {
    Exposure.ANYONE: "anyone on the internet, without credentials",
    Exposure.OUTSIDE: "a principal outside the account or tenant, somebody on the network path,"
    " a supplier",
    Exposure.INSIDE: "an ordinary user or workload of the account, network or cluster",
    Exposure.PRIVILEGED: "only somebody who already has strong rights, or nobody",
    Consequence.TAKEOVER: "running code, replacing what is served, or acting as a privileged"
    " identity",
    Consequence.DATA: "reading or changing models, data, prompts or secrets",
    Consequence.SERVICE: "loss of service, of money, or of what would show an attack",
    Consequence.RECORD: "nothing at once: order, names, documentation",
    Effort.DIRECT: "one step with common tools",
    Effort.CHAINED: "something else must be wrong too, or happen first",
    Profile.ESSENTIAL: "a way in, or the loss of data or of control",
    Profile.RECOMMENDED: "good practice for what runs in production (the default of mlsec scan)",
    Profile.STRICT: "hardening that a policy asks for; the provider's default exposes nothing",
}


def severity_page(ruleset: RuleSet) -> str:
    """Give the page as Markdown."""
    return "\n".join([*_method(), *_profiles(), *_objectives(ruleset)])


def _method() -> Iterator[str]:
    yield "# How severities are chosen"
    yield ""
    yield (
        "Every rule tests one objective: one property, the same on every cloud. Three questions"
        " about the objective give its severity, and rules of one objective have one severity."
        " The answers are about a failure by itself, not about what else may be wrong: attack"
        " paths, which need several mistakes, have objectives of their own."
    )
    yield ""
    for question, points in (
        ("Who can make use of it?", EXPOSURE_POINTS),
        ("What do they gain?", CONSEQUENCE_POINTS),
        ("How many steps does it take?", EFFORT_POINTS),
    ):
        rows = [[code(key.value), text(_MEANINGS[key]), str(n)] for key, n in points.items()]
        yield from table((question, "Meaning", "Points"), rows)
    steps = ", ".join(f"{severity.value} from {least}" for severity, least in THRESHOLDS.items())
    yield f"The points are added: {steps}."
    yield ""
    heads = [f"{key.value}, {effort.value}" for key in Consequence for effort in Effort]
    rows = [
        [code(who.value), *(_cell(who, what, how) for what in Consequence for how in Effort)]
        for who in Exposure
    ]
    yield from table(("", *heads), rows)
    yield (
        "A default of a provider is never high by itself unless it exposes something. Rules about"
        " the content of a model file take the severity of what was found in it; their objective"
        " gives the highest."
    )
    yield ""


def _cell(exposure: Exposure, consequence: Consequence, effort: Effort) -> str:
    return severity_of(exposure, consequence, effort).value


def _profiles() -> Iterator[str]:
    yield "## Profiles"
    yield ""
    yield (
        "The profile of an objective says how much is asked for; each includes the ones before"
        f" it. {code('mlsec scan --profile')} chooses."
    )
    yield ""
    rows = [[code(profile.value), text(_MEANINGS[profile])] for profile in Profile]
    yield from table(("Profile", "What it asks for"), rows)


def _objectives(ruleset: RuleSet) -> Iterator[str]:
    objectives = ruleset.frameworks.objectives
    counts: dict[str, Counter[str]] = {}
    for rule in ruleset.rules:
        counts.setdefault(rule.objective, Counter())[GROUPS[group_of(rule)]] += 1
    ordered = sorted(objectives.values(), key=lambda item: (item.severity.rank, item.name))
    for severity, group in itertools.groupby(ordered, key=lambda item: item.severity):
        yield from _of_severity(severity, tuple(group), counts)


def _of_severity(
    severity: Severity, objectives: tuple[Objective, ...], counts: Mapping[str, Counter[str]]
) -> Iterator[str]:
    yield f"## {severity.value.capitalize()}: {len(objectives)} objectives"
    yield ""
    rows = []
    for objective in objectives:
        answers = (objective.exposure, objective.consequence, objective.effort)
        rules = counts.get(objective.name, Counter())
        split = ", ".join(f"{name} {count}" for name, count in sorted(rules.items()))
        rows.append(
            [
                code(objective.name),
                text(objective.tests),
                " x ".join(answer.value for answer in answers),
                objective.profile.value,
                text(split),
            ]
        )
    yield from table(("Objective", "What holds", "Severity from", "Profile", "Rules"), rows)

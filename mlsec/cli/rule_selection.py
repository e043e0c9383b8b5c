"""Which rules a command line names: by id, by glob, by a property of the rule."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Callable, Mapping, Sequence

from mlsec.core.errors import UsageError
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.objectives import Objective
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.rules.selection import rule_meant

Objectives = Mapping[str, Objective]


def _profile(rule: Rule, objectives: Objectives) -> tuple[str, ...]:
    return (objectives[rule.objective].profile.value,) if rule.objective in objectives else ()


# The properties that ``rules list`` filters by; each takes a glob.
FILTERS: Mapping[str, Callable[[Rule, Objectives], Sequence[str]]] = {
    "equivalent": lambda rule, _: rule.equivalents,
    "concern": lambda rule, _: (rule.concern.value,),
    "severity": lambda rule, _: (rule.severity.value,),
    "resource": lambda rule, _: (rule.resource,),
    "objective": lambda rule, _: (rule.objective,) if rule.objective else (),
    "profile": _profile,
}


def match_rules(rules: Sequence[Rule], globs: Sequence[str]) -> list[Rule]:
    """Give the rules whose id matches one of the globs, all without a glob.

    Raises:
        UsageError: a glob that matches nothing.
    """
    for glob in globs:
        if not any(fnmatch.fnmatchcase(rule.id, glob) for rule in rules):
            suggestion = rule_meant(glob, [rule.id for rule in rules])
            raise UsageError(
                f'no rule matches "{glob}"{suggestion}', hint="mlsec rules list shows all of them"
            )
    if not globs:
        return list(rules)
    return [rule for rule in rules if any(fnmatch.fnmatchcase(rule.id, glob) for glob in globs)]


def filter_rules(ruleset: RuleSet, args: argparse.Namespace) -> list[Rule]:
    """Give the rules that pass every filter.

    Raises:
        UsageError: a filter that not one of the rules passes, which is misspelt.
    """
    rules, objectives = ruleset.rules, ruleset.frameworks.objectives
    for name, values_of in FILTERS.items():
        glob = getattr(args, name)
        values = {value for rule in rules for value in values_of(rule, objectives)}
        if glob and not fnmatch.filter(values, glob):
            suggestion = did_you_mean(glob, values)
            raise UsageError(
                f'--{name}: no rule has "{glob}"{suggestion}', hint="mlsec rules index"
            )
    return [rule for rule in rules if _passes(rule, objectives, args)]


def _passes(rule: Rule, objectives: Objectives, args: argparse.Namespace) -> bool:
    globs = {name: getattr(args, name) for name in FILTERS}
    return all(
        not glob
        or any(fnmatch.fnmatchcase(value, glob) for value in FILTERS[name](rule, objectives))
        for name, glob in globs.items()
    )


def find_rule(ruleset: RuleSet, rule_id: str) -> Rule:
    """Give the rule with this id.

    Raises:
        UsageError: there is none.
    """
    rule = ruleset.by_id(rule_id)
    if rule is None:
        suggestion = did_you_mean(rule_id, [known.id for known in ruleset.rules])
        raise UsageError(
            f'no rule "{rule_id}"{suggestion}', hint="mlsec rules list shows all of them"
        )
    return rule

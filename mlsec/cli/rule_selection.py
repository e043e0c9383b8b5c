"""Which rules a command line names: by id, by glob, by a property of the rule."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Callable, Mapping, Sequence

from mlsec.core.errors import MlsecError
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.rule import Rule, RuleSet

# The properties that ``rules list`` filters by; each takes a glob.
FILTERS: Mapping[str, Callable[[Rule], Sequence[str]]] = {
    "equivalent": lambda rule: rule.equivalents,
    "concern": lambda rule: (rule.concern.value,),
    "severity": lambda rule: (rule.severity.value,),
    "resource": lambda rule: (rule.resource,),
    "topic": lambda rule: rule.topics,
}


def match_rules(rules: Sequence[Rule], globs: Sequence[str]) -> list[Rule]:
    """Give the rules whose id matches one of the globs, all without a glob.

    Raises:
        MlsecError: a glob that matches nothing.
    """
    for glob in globs:
        if not any(fnmatch.fnmatchcase(rule.id, glob) for rule in rules):
            suggestion = did_you_mean(glob, [rule.id for rule in rules])
            raise MlsecError(f'no rule matches "{glob}"{suggestion}', hint="mlsec rules list")
    if not globs:
        return list(rules)
    return [rule for rule in rules if any(fnmatch.fnmatchcase(rule.id, glob) for glob in globs)]


def filter_rules(rules: Sequence[Rule], args: argparse.Namespace) -> list[Rule]:
    """Give the rules that pass every filter.

    Raises:
        MlsecError: a filter that not one of the rules passes, which is misspelt.
    """
    for name, values_of in FILTERS.items():
        glob = getattr(args, name)
        values = {value for rule in rules for value in values_of(rule)}
        if glob and not fnmatch.filter(values, glob):
            suggestion = did_you_mean(glob, values)
            raise MlsecError(
                f'--{name}: no rule has "{glob}"{suggestion}', hint="mlsec rules index"
            )
    return [rule for rule in rules if _passes(rule, args)]


def _passes(rule: Rule, args: argparse.Namespace) -> bool:
    globs = {name: getattr(args, name) for name in FILTERS}
    return all(
        not glob or any(fnmatch.fnmatchcase(value, glob) for value in FILTERS[name](rule))
        for name, glob in globs.items()
    )


def find_rule(ruleset: RuleSet, rule_id: str) -> Rule:
    """Give the rule with this id.

    Raises:
        MlsecError: there is none.
    """
    rule = ruleset.by_id(rule_id)
    if rule is None:
        suggestion = did_you_mean(rule_id, [known.id for known in ruleset.rules])
        raise MlsecError(f'no rule "{rule_id}"{suggestion}', hint="mlsec rules list")
    return rule

"""Which rules a scan runs: the shipped ones and an organisation's own, or a choice of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from mlsec.core.enums import Profile
from mlsec.core.errors import MlsecError, UsageError
from mlsec.core.framework import choose_framework
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.engine.rules.load import load_content


def load_selected(content: Path, extra: Sequence[Path], globs: Sequence[str]) -> RuleSet:
    """Load all rules and keep those whose id or alias matches one of ``globs`` (all when empty).

    A glob that starts with ``!`` removes rules from the selection.

    Raises:
        MlsecError: a mistake in a rule file, or a glob that matches nothing.
    """
    ruleset = load_content(content, extra)
    if not globs:
        return ruleset
    ids = [rule.id for rule in ruleset.rules]
    names = [name for rule in ruleset.rules for name in _names(rule)]
    for glob in globs:
        if not fnmatch.filter(names, glob.removeprefix("!")):
            raise UsageError(
                f'no rule matches "{glob}"{rule_meant(glob.removeprefix("!"), ids)}',
                hint="mlsec rules list shows all of them",
            )
    return keep_rules(ruleset, lambda rule: _is_selected(rule, globs))


def rule_meant(glob: str, ids: Sequence[str]) -> str:
    """Say which rules a glob that matches none may have been meant for, "" when none is near."""
    inside = f"*{glob.strip('*')}*"
    return f'; did you mean "{inside}"?' if fnmatch.filter(ids, inside) else did_you_mean(glob, ids)


def keep_rules(ruleset: RuleSet, is_kept: Callable[[Rule], bool]) -> RuleSet:
    """Keep some of the rules, and remember the others as left out."""
    kept = tuple(rule for rule in ruleset.rules if is_kept(rule))
    left_out = tuple(rule for rule in ruleset.rules if not is_kept(rule))
    return msgspec.structs.replace(ruleset, rules=kept, left_out=(*ruleset.left_out, *left_out))


def keep_framework(ruleset: RuleSet, name: str) -> RuleSet:
    """Keep the rules that link to a framework, ``NAME`` or ``NAME:PROFILE``, and that alone.

    Raises:
        MlsecError: there is no such framework or profile, or no rule links to it.
    """
    frameworks = ruleset.frameworks
    framework = choose_framework(frameworks.frameworks.values(), name)
    wanted = {f"{framework.id}/{control}" for control in framework.controls}

    def is_linked(rule: Rule) -> bool:
        linked = frameworks.links(rule.objective, rule.controls)
        return any(link.id in wanted for link in linked)

    kept = keep_rules(ruleset, is_linked)
    if not kept.rules:
        raise MlsecError(
            f"none of the rules tests any part of {name}", hint="mlsec rules list shows them"
        )
    only = msgspec.structs.replace(frameworks, frameworks={framework.id: framework})
    return msgspec.structs.replace(kept, frameworks=only)


def keep_profile(ruleset: RuleSet, profile: Profile, named: Collection[str] = ()) -> RuleSet:
    """Leave out the rules that only a stricter profile asks for, and say how many they are.

    Rules without an objective stay, and those that ``named`` has the whole id or an alias of.
    """
    objectives = ruleset.frameworks.objectives

    def is_asked(rule: Rule) -> bool:
        objective = objectives.get(rule.objective)
        is_named = not {*_names(rule)}.isdisjoint(named)
        return objective is None or is_named or profile.includes(objective.profile)

    kept = keep_rules(ruleset, is_asked)
    number = len(ruleset.rules) - len(kept.rules)
    if not number:
        return kept
    rules = "1 rule" if number == 1 else f"{number:,} rules"
    notice = (
        f"profile {profile.value}: {rules} of stricter profiles did not run"
        f" (--profile {Profile.STRICT.value} runs them too)"
    )
    return msgspec.structs.replace(kept, notices=(*kept.notices, notice))


def _is_selected(rule: Rule, globs: Sequence[str]) -> bool:
    included = [glob for glob in globs if not glob.startswith("!")]
    excluded = [glob[1:] for glob in globs if glob.startswith("!")]
    return (not included or _matches(rule, included)) and not _matches(rule, excluded)


def _matches(rule: Rule, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for name in _names(rule) for glob in globs)


def _names(rule: Rule) -> tuple[str, ...]:
    return (rule.id, *rule.aliases)

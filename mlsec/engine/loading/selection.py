"""Which rules a scan runs: the shipped ones and an organisation's own, or a choice of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.loading.load import load_content
from mlsec.engine.rules.rule import RuleSet


def load_selected(content: Path, extra: Sequence[Path], globs: Sequence[str]) -> RuleSet:
    """Load all rules and keep those whose id matches one of ``globs`` (all when empty).

    A glob that starts with ``!`` takes rules out again.

    Raises:
        MlsecError: a mistake in a rule file, or a glob that matches nothing.
    """
    ruleset = load_content(content, extra)
    if not globs:
        return ruleset
    ids = [rule.id for rule in ruleset.rules]
    for glob in globs:
        if not fnmatch.filter(ids, glob.removeprefix("!")):
            raise MlsecError(
                f'no rule matches "{glob}"{did_you_mean(glob.removeprefix("!"), ids)}',
                hint="mlsec rules list",
            )
    kept = tuple(rule for rule in ruleset.rules if _is_chosen(rule.id, globs))
    return msgspec.structs.replace(ruleset, rules=kept)


def _is_chosen(rule_id: str, globs: Sequence[str]) -> bool:
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    is_in = not wanted or any(fnmatch.fnmatchcase(rule_id, glob) for glob in wanted)
    return is_in and not any(fnmatch.fnmatchcase(rule_id, glob) for glob in unwanted)

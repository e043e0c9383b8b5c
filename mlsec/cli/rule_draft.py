"""A new rule file: complete in form, and failing its own test until somebody finishes it."""

from __future__ import annotations

import re
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.core.foreign import refuse_foreign_link
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.rule import RuleSet
from mlsec.vocabulary.types import Kind, Property, Type

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9-]*\Z")

# The last pass example is the wrong one on purpose: the test fails until the examples are real.
_DRAFT = """\
id: {id}
title: Say the bad state in one sentence
severity: medium
category: governance
concern: security
status: experimental
since: "0.1"
resource: {resource}
assert: {{{property}: {condition}}}
why: Say what an attacker or an outage does with it.
fix:
  text: Say what to change, and whether the setting can be changed in place.
tests:                       # finish these: every clause must decide in some example
  pass: [{{unread: [{property}]}}]
  fail: [{{unread: [{property}]}}]
  not_assessed: [{{unread: [{property}]}}]
"""


def write_draft(ruleset: RuleSet, rule_id: str, resource: str, folder: Path) -> Path:
    """Write the draft below ``folder`` and give its path.

    Raises:
        MlsecError: a bad or used id, an unknown type, or a file that is already there.
    """
    if not _ID.match(rule_id):
        raise MlsecError(f'"{rule_id}" is not an id such as sagemaker/bad-state')
    if ruleset.by_id(rule_id) is not None:
        raise MlsecError(f'the rule "{rule_id}" exists already', hint=f"mlsec rules show {rule_id}")
    owner = ruleset.vocabulary.types.get(resource)
    if owner is None:
        suggestion = did_you_mean(resource, ruleset.vocabulary.types)
        raise MlsecError(
            f'unknown resource type "{resource}"{suggestion}', hint="mlsec rules vocabulary"
        )
    chosen = _first_property(owner)
    provider = resource.partition(".")[0] if "." in resource else ""
    path = folder / provider / f"{rule_id}.yaml"
    condition = _condition(chosen)
    text = _DRAFT.format(id=rule_id, resource=resource, property=chosen.name, condition=condition)
    refuse_foreign_link(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise MlsecError("this file exists already", location=str(path)) from None
    except OSError as error:
        raise MlsecError(f"cannot be written: {error.strerror}", location=str(path)) from None
    return path


def _first_property(owner: Type) -> Property:
    if not owner.properties:
        raise MlsecError(f"{owner.name} has no properties to judge yet")
    return owner.properties[sorted(owner.properties)[0]]


def _condition(chosen: Property) -> str:
    if chosen.kind is Kind.BOOL:
        return "true"
    return chosen.enum[0] if chosen.kind is Kind.ENUM else "{exists: true}"

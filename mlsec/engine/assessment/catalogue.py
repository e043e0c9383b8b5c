"""What the rules and frameworks of a rule set say, as the catalogue beside an assessment has it."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import UNSET

from mlsec.core.catalogue import Catalogue, CatalogueRule
from mlsec.engine.model.controls import Frameworks
from mlsec.engine.model.rule import Rule, RuleSet
from mlsec.vocabulary.types import Kind, Vocabulary


def catalogue_of(ruleset: RuleSet, only: Collection[str] | None = None) -> Catalogue:
    """Describe the rules of the set, or those of some ids, and every framework loaded with it."""
    return Catalogue(
        rules=tuple(
            _described(rule, ruleset.frameworks)
            for rule in ruleset.rules
            if only is None or rule.id in only
        ),
        frameworks=tuple(ruleset.frameworks.frameworks.values()),
        types={name: known.title for name, known in ruleset.vocabulary.types.items()},
        meanings=_meanings(ruleset.vocabulary),
    )


def _meanings(vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """Give what the vocabulary says of the yes-or-no properties of each type."""
    meanings = {
        name: {
            own.name: own.about
            for own in known.properties.values()
            if own.about and own.kind is Kind.BOOL
        }
        for name, known in vocabulary.types.items()
    }
    return {name: own for name, own in meanings.items() if own}


def _described(rule: Rule, frameworks: Frameworks) -> CatalogueRule:
    objective = frameworks.objectives.get(rule.objective)
    return CatalogueRule(
        id=rule.id,
        title=rule.title,
        severity=rule.severity,
        category=rule.category,
        concern=rule.concern,
        status=rule.status,
        resource=rule.resource,
        why=rule.why,
        fix=rule.fix,
        controls=frameworks.links(rule.objective, rule.controls),
        equivalents=rule.equivalents,
        references=rule.references,
        known_exceptions=rule.known_exceptions,
        objective=rule.objective,
        exposure=UNSET if objective is None else objective.exposure,
        consequence=UNSET if objective is None else objective.consequence,
    )

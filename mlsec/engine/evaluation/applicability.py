"""What a provider does not offer: it makes a concept's rule not apply, and never makes it fail."""

from __future__ import annotations

from mlsec.engine.model.footprint import footprint_of
from mlsec.engine.model.rule import Rule
from mlsec.vocabulary.types import Type


def lacks_what_is_read(rule: Rule, owner: Type) -> bool:
    """Whether the type says that it does not offer something the (concept) rule reads."""
    if not owner.lacks or rule.resource == owner.name:
        return False
    used = footprint_of(rule.must, rule.when)
    return any(name in owner.lacks for name in (*used.paths, *used.relations))


def is_lacked(owner: Type | None, path: str) -> bool:
    """Whether the type says that it has no such property or relation (or its first step).

    What a cloud does not offer never makes a rule fail: where the rule wants it to hold it counts
    as holding, and where it must not hold as not holding.
    """
    if owner is None or not owner.lacks or path in owner.properties:
        return False
    return path in owner.lacks or path.partition(".")[0] in owner.lacks

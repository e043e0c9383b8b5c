"""What is known of a rule's evidence before any document is seen: paths, constants, places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.engine.evaluation.deciding_clauses import Deciding, failing_clauses
from mlsec.engine.evaluation.property_reader import TEXT_ITEMS, own_source
from mlsec.engine.findings.evidence import asked_of, shown
from mlsec.engine.model.property_resolution import Reading, find_in, find_reading
from mlsec.engine.model.rule import Compare, Quantifier, Rule
from mlsec.vocabulary.types import Property, Type, Vocabulary


class Part(msgspec.Struct, frozen=True, gc=False):
    """One clause that may decide; in a list ``path`` and ``field`` follow the element's index.

    ``fixed`` is where the value is read of every document that an API answered, None where the
    document must say which of several operations it came from.
    """

    path: str
    operator: str
    expected: Any
    own: Property
    fixed: str | None
    field: str = ""


class _Nowhere:
    """No operation was asked."""

    sources: Mapping[str, str] = {}


_NOWHERE = _Nowhere()


def whole_part(rule: Rule, owner: Type, vocabulary: Vocabulary) -> Part | None:
    """The one property that a rule asserts something of, or the list that it is over."""
    must = rule.must
    if not isinstance(must, Compare | Quantifier):
        return None
    reading = find_reading(vocabulary, owner, must.path)
    if reading is None:
        return None
    operator, expected = asked_of(must)
    return _part(*_shown(must.path, operator, expected, reading), reading.own)


def parts_of(rule: Rule, owner: Type, vocabulary: Vocabulary) -> tuple[Part, ...]:
    """The clauses that can decide a failure, in the order of the values that the fast pass gives;
    none where that is not foreseen.
    """
    must = rule.must
    deciding = failing_clauses(must)
    if deciding is None:
        return ()
    if not isinstance(must, Quantifier):
        own = [(item, find_reading(vocabulary, owner, item.clause.path)) for item in deciding]
        return tuple(_own_part(item, reading) for item, reading in own if reading is not None)
    over = find_reading(vocabulary, owner, must.path)
    items = over.own.items if over is not None else {}
    inner = [(item, find_in(items or TEXT_ITEMS, item.clause.path)) for item in deciding]
    made = [_item_part(item, reading) for item, reading in inner if reading is not None]
    if items:
        return tuple(made)
    return tuple(msgspec.structs.replace(item, path="", field="") for item in made)


def _own_part(deciding: Deciding, reading: Reading) -> Part:
    operator, expected = asked_of(deciding.clause, is_wanted=deciding.is_wanted)
    return _part(*_shown(deciding.clause.path, operator, expected, reading), reading.own)


def _item_part(deciding: Deciding, reading: Reading) -> Part:
    operator, expected = asked_of(deciding.clause, is_wanted=deciding.is_wanted)
    path, own = deciding.clause.path, reading.own
    field = f".{own.sources.get('api', ('',))[0] or path}"
    return Part(f".{path}".rstrip("."), operator, shown(expected), own, None, field)


def _shown(path: str, operator: str, expected: Any, reading: Reading) -> tuple[str, str, Any]:
    path, expected = reading.shown(path, operator, expected)
    return path, operator, expected


def _part(path: str, operator: str, expected: Any, own: Property) -> Part:
    is_fixed = own.derived or len(own.sources.get("api", ())) <= 1
    fixed = own_source(_NOWHERE, own) if is_fixed else None
    return Part(path.rstrip("."), operator, shown(expected), own, fixed)

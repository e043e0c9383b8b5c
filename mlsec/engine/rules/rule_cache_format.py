"""How checked rules are kept: a digest, then plain data, with no path of the machine in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from mlsec.engine.model.rule import RuleSet

_DIGEST_BYTES = 32
# No path of a file begins so when it is made a text.
_BELOW = "./"


def below(path: str, start: str) -> str:
    """Give a path relative to a folder (``start``, with its separator), if it lies there."""
    return _BELOW + path[len(start) :] if path.startswith(start) else path


def packed(ruleset: RuleSet, content: Path) -> bytes:
    """Give the bytes to keep; places below ``content`` are relative to it."""
    start = f"{content}{os.sep}"
    portable = _with_places(ruleset, lambda place: below(place, start))
    payload = msgspec.msgpack.encode(portable)
    return hashlib.sha256(payload).digest() + payload


def unpacked(data: bytes, content: Path) -> RuleSet | None:
    """Give the rule set that was kept, with places below ``content``; None of a damaged one."""
    digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    try:
        ruleset = msgspec.msgpack.decode(payload, type=RuleSet)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return None
    start = f"{content}{os.sep}"

    def longer(place: str) -> str:
        return start + place[len(_BELOW) :] if place.startswith(_BELOW) else place

    return _with_places(ruleset, longer)


def _with_places(ruleset: RuleSet, change: Callable[[str], str]) -> RuleSet:
    """Change where each rule, objective and entry of a table says that it stands."""
    replace = msgspec.structs.replace
    rules = tuple(replace(rule, place=change(rule.place)) for rule in ruleset.rules)
    objectives = {
        name: replace(objective, place=change(objective.place))
        for name, objective in ruleset.frameworks.objectives.items()
    }
    declared = {
        kind: {
            name: tuple(replace(entry, place=change(entry.place)) for entry in entries)
            for name, entries in table.items()
        }
        for kind, table in ruleset.vocabulary.declared.items()
    }
    vocabulary = replace(ruleset.vocabulary, declared=declared)
    frameworks = replace(ruleset.frameworks, objectives=objectives)
    return replace(ruleset, rules=rules, frameworks=frameworks, vocabulary=vocabulary)

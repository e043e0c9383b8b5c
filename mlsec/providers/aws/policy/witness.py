"""The search for values of condition keys with which statements allow and none denies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import msgspec

from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.aws.policy.candidates import Option, options
from mlsec.providers.aws.policy.keys import Domain, is_list
from mlsec.providers.aws.policy.statement import Condition, Statement

_MOST_STEPS = 20_000
_MOST_UNKNOWN = 512


class TooManyError(Exception):
    """More ways to try than are tried."""


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A key whose value is not known, with its options."""

    key: str
    options: tuple[Option, ...]


class _Puzzle:
    """Conditions as bits; for every key the options it has."""

    def __init__(self) -> None:
        self._bits: dict[Condition, int] = {}

    def mask(self, statement: Statement) -> int:
        """Give the bits of all conditions of a statement."""
        mask = 0
        for condition in statement.conditions:
            mask |= self._bits.setdefault(condition, 1 << len(self._bits))
        return mask

    def by_key(self) -> dict[str, list[tuple[int, Condition]]]:
        """Give the conditions with their bits by key."""
        by_key: dict[str, list[tuple[int, Condition]]] = {}
        for condition, bit in self._bits.items():
            # What an operator that AWS does not have asks is a doubt of its own.
            key = condition.key if condition.is_known else f"{condition.operator} {condition.key}"
            by_key.setdefault(key, []).append((bit, condition))
        return by_key


def can_be_met(
    layers: Sequence[Sequence[Statement]],
    denies: Iterable[Statement],
    domain_of: Callable[[str], Domain],
) -> Answer:
    """Say whether one request meets a statement of every layer and none of the denies.

    Args:
        layers: for each kind of policy that has to allow, its allowing statements.
        denies: the denying statements of all.
        domain_of: what a key (lower case) can be.
    """
    puzzle = _Puzzle()
    wanted = [tuple(dict.fromkeys(puzzle.mask(s) for s in layer)) for layer in layers]
    avoided = tuple(dict.fromkeys(puzzle.mask(statement) for statement in denies))
    free: list[tuple[Option, ...]] = []
    doubts: list[Doubt] = []
    for key, conditions in puzzle.by_key().items():
        if not conditions[0][1].is_known:
            free_bits = tuple(Option(None, met) for met in (0, *(bit for bit, _ in conditions)))
            doubts.append(Doubt(key=key, options=free_bits))
            continue
        domain = domain_of(key)
        choices = options(domain, tuple(conditions), is_list=is_list(key))
        if domain.is_known or len(choices) < 2:
            free.append(choices)
        else:
            doubts.append(Doubt(key=key, options=choices))
    try:
        return _answer(wanted, avoided, free, doubts)
    except TooManyError:
        return unknown({"?" + key for key in puzzle.by_key()})


def _answer(
    wanted: Sequence[tuple[int, ...]],
    avoided: tuple[int, ...],
    free: list[tuple[Option, ...]],
    doubts: list[Doubt],
) -> Answer:
    if not _exists(wanted, avoided, [*free, *(doubt.options for doubt in doubts)]):
        return NO
    if not doubts:
        return YES
    ways = itertools.product(*(doubt.options for doubt in doubts))
    for count, way in enumerate(ways):
        if count >= _MOST_UNKNOWN:
            raise TooManyError
        if not _exists(wanted, avoided, [*free, *((option,) for option in way)]):
            return unknown({"?" + doubt.key for doubt in doubts})
    return YES


def _exists(
    wanted: Sequence[tuple[int, ...]], avoided: tuple[int, ...], keys: list[tuple[Option, ...]]
) -> bool:
    bits = [_union(option.met for option in choice) for choice in keys]
    for count, chosen in enumerate(itertools.product(*wanted)):
        if count >= _MOST_STEPS:
            raise TooManyError
        needed = 0
        for mask in chosen:
            needed |= mask
        kept = [
            _least([o.met for o in choice if needed & own & ~o.met == 0])
            for choice, own in zip(keys, bits, strict=True)
        ]
        if needed & ~_union(bits) or not all(kept):
            continue
        if _avoids(kept, avoided):
            return True
    return False


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _least(masks: list[int]) -> list[int]:
    """Leave out what meets all that another one meets, and more: it can only be denied more."""
    return [
        mask
        for at, mask in enumerate(masks)
        if not any(
            other & ~mask == 0 and (other != mask or before < at)
            for before, other in enumerate(masks)
            if before != at
        )
    ]


def _avoids(kept: list[list[int]], avoided: tuple[int, ...]) -> bool:
    """Whether one option of every key can be chosen so that no deny is met whole."""
    kept = sorted(kept, key=len)
    steps = 0

    def search(at: int, met: int) -> bool:
        nonlocal steps
        steps += 1
        if steps > _MOST_STEPS:
            raise TooManyError
        if at == len(kept):
            return not any(mask & ~met == 0 for mask in avoided)
        return any(search(at + 1, met | mask) for mask in kept[at])

    return search(0, 0)

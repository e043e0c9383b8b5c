"""Which clauses decide a condition, said before any document is seen."""

from __future__ import annotations

import msgspec

from mlsec.engine.model.rule import AllOf, AnyOf, Compare, Condition, Not, Quantifier, Quantity

Guard = tuple[Condition, bool]


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """One clause of a condition that came out as ``want``.

    It decided only where each of ``guards`` came out as stated (none: it always did);
    ``is_wanted`` as in evaluate.Clause.
    """

    clause: Compare
    is_wanted: bool
    guards: tuple[Guard, ...]


def _deciding(
    condition: Condition, *, want: bool, guards: tuple[Guard, ...] = ()
) -> tuple[Deciding, ...] | None:
    """The clauses that can decide, in reading order; None where elements would have to be walked.

    A clause that decides holds exactly when the rule did not want it to, so one says the other.
    """
    match condition:
        case Compare():
            return (Deciding(clause=condition, is_wanted=not want, guards=guards),)
        case Not(part=part):
            return _deciding(part, want=not want, guards=guards)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            is_forced = isinstance(condition, AllOf) is want
            decidings: list[Deciding] = []
            for part in parts:
                own = guards if is_forced else (*guards, (part, want))
                inner = _deciding(part, want=want, guards=own)
                if inner is None:
                    return None
                decidings += inner
            return tuple(decidings)
        case Quantifier():
            return None


def _element(quantifier: Quantifier) -> tuple[Condition, bool] | None:
    """What an element that speaks against the quantifier shows: the condition and how it came out.

    For ``each`` its ``where`` holds as well. None without conditions: then presence is shown.
    """
    where, that = quantifier.where, quantifier.that
    if quantifier.quantity is Quantity.EACH:
        return (that, False) if that is not None else None
    parts = tuple(part for part in (where, that) if part is not None)
    if not parts:
        return None
    both = parts[0] if len(parts) == 1 else AllOf(parts=parts)
    return both, quantifier.quantity is Quantity.NONE


def failing_clauses(must: Condition) -> tuple[Deciding, ...] | None:
    """The clauses that can decide a failure of a whole assertion; None where it is not foreseen."""
    if not isinstance(must, Quantifier):
        return _deciding(must, want=False)
    shown = None if must.is_relation else _element(must)
    return _deciding(shown[0], want=shown[1]) if shown is not None else None

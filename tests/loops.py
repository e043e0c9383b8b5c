"""One test over many cases that are alike: each is checked, and all that fail are named together.

A case of pytest's own costs more than most of these checks: for every rule, control or source file
one test goes through all of them, and its message lists every offender with what is wrong.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Cases = Iterable[Any] | Callable[[], Iterable[Any]]


def for_each(
    names: str | tuple[str, ...], cases: Cases, called: Callable[..., object] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a test its cases one after the other; a function of cases is called when it runs.

    Args:
        names: the parameter that takes a case, or the several that take its items.
        cases: at least one.
        called: gives the name of a case, from the same values as the test takes.
    """
    words = (names,) if isinstance(names, str) else names

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def loop(**fixtures: Any) -> None:
            offenders: list[str] = []
            first: BaseException | None = None
            listed = list(cases if isinstance(cases, Iterable) else cases())
            assert listed, "there is nothing to check"
            for case in listed:
                values = (case,) if isinstance(names, str) else tuple(case)
                try:
                    test(**fixtures, **dict(zip(words, values, strict=True)))
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - all are told
                    name = called(*values) if called else " ".join(str(one)[:80] for one in values)
                    offenders.append(f"{name}: {str(error) or type(error).__name__}")
                    first = first or error
            if offenders:
                head = f"{len(offenders)} of {len(listed)} do not hold"
                raise AssertionError("\n".join((head, *offenders))) from first

        signature = inspect.signature(test)
        kept = [one for name, one in signature.parameters.items() if name not in words]
        loop.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return loop

    return decorate

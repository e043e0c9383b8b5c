"""Values that stand for all others: what a condition compares, just beside it, and none of it.

Texts are put together from what a condition asks of their beginning, middle and end. Times are
taken where the condition's own times lie, and on a grid as fine as the fields that it reads.
"""

from __future__ import annotations

import calendar
import datetime
import itertools
from collections.abc import Iterator
from typing import Any, TypeVar

from mlsec.core.regex import regex
from mlsec.providers.gcp.conditions.errors import EvaluationError
from mlsec.providers.gcp.conditions.functions import FUNCTIONS
from mlsec.providers.gcp.conditions.syntax import Call, ListOf, Literal, Node, Operation, walk

T = TypeVar("T")
# Characters of private use: no condition begins or ends with them.
FRESH = "\ue000any\ue000"
MOST = 12_000
# Constants that are no part of a name: roles, types and services, times.
_NO_NAME = regex(r"^roles/|(?<!\.iam)\.googleapis\.com(?:/|$)|^\d{4}-\d\d-\d\d[Tt]")
_SECOND = datetime.timedelta(seconds=1)
_DAYS = ("getDate", "getDayOfMonth", "getMonth", "getDayOfYear")
_HOURS = ("getHours", "getDayOfWeek")
_FINE = {"getMinutes": "minutes", "getSeconds": "seconds", "getMilliseconds": "milliseconds"}


def literals(node: Node, kind: type[T]) -> list[T]:
    """Give the constants of a kind in an expression, each once, in their order."""
    constants = [
        n.value
        for n in walk(node)
        if isinstance(n, Literal) and isinstance(n.value, kind) and type(n.value) is kind
    ]
    return list(dict.fromkeys(constants))


def texts(fixed: str, node: Node) -> Iterator[str]:
    """Give texts that begin with ``fixed`` and differ in all that the expression asks."""
    known = [text for text in literals(node, str) if not _NO_NAME.search(text)]
    parts = _parts(node, known)
    heads = [fixed, *(text for text in (*known, *parts) if text.startswith(fixed))]
    heads += [joined for part in (*parts, *known) for joined in _overlapped(fixed, part)]
    heads = list(dict.fromkeys(heads))
    adds = any(isinstance(n, Operation) and n.sign == "+" for n in walk(node))
    middles, tails = parts, known if adds else _arguments(node, "endsWith")
    if len({part.partition("{")[0] for part in _templates(node)}) > 1:
        middles = [*parts, *(f"{a}/{b}" for a, b in itertools.permutations(parts[:12], 2))]
    seen: set[str] = set()
    # What needs few parts first: the search may be cut short.
    for head, middle, tail in itertools.chain(
        itertools.product(heads, ("",), ("", *tails)),
        itertools.product(heads, middles, ("",)),
        itertools.product(heads, middles, tails),
    ):
        for gap in (FRESH, ""):
            text = head + gap + middle + (gap if middle else "") + tail
            if text != fixed and text not in seen:
                seen.add(text)
                yield text


def times(node: Node, now: datetime.datetime) -> Iterator[datetime.datetime]:
    """Give the times from now on at which the expression may change."""
    used = {n.name for n in walk(node) if isinstance(n, Call)}
    starts = [now, *_own_times(node, now, used)]
    seen: set[datetime.datetime] = set()
    for start, step in itertools.product(starts, _steps(node, used)):
        try:
            time = start + step
        except OverflowError:
            continue
        if time >= now and time not in seen:
            seen.add(time)
            yield time


def _own_times(node: Node, now: datetime.datetime, used: set[str]) -> Iterator[datetime.datetime]:
    spans = [datetime.timedelta(), *(s for s in _called(node, "duration"))]
    for time, span in itertools.product(_called(node, "timestamp", "date"), spans):
        for shift in (span, -span):
            for beside in (-_SECOND, datetime.timedelta(), _SECOND):
                yield time + shift + beside
    if not used.isdisjoint(_DAYS):
        leap = next(year for year in range(now.year, now.year + 9) if calendar.isleap(year))
        yield datetime.datetime(leap, 1, 1, tzinfo=datetime.UTC)
    if "getFullYear" in used:
        for year in literals(node, int):
            for near in (year, year + 1):
                if now.year <= near < datetime.MAXYEAR:
                    # In some zones a year begins a day later.
                    yield datetime.datetime(near, 1, 1, tzinfo=datetime.UTC)
                    yield datetime.datetime(near, 1, 2, tzinfo=datetime.UTC)


def _steps(node: Node, used: set[str]) -> list[datetime.timedelta]:
    days = 366 if not used.isdisjoint(_DAYS) else 8 if not used.isdisjoint(_HOURS) else 1
    hours = range(24) if not used.isdisjoint(_HOURS) else (0, 13)
    fine = [datetime.timedelta()]
    for name, unit in _FINE.items():
        if name in used:
            counts = {0, *(n + d for n in literals(node, int) for d in (-1, 0, 1))}
            fine = [
                step + datetime.timedelta(**{unit: count})
                for step in fine
                for count in sorted(counts)
                if 0 <= count < 1000
            ]
    if days == 1 and len(fine) == 1:
        return fine
    grid = [datetime.timedelta(days=day, hours=hour) for day in range(days) for hour in hours]
    return [step + beside for step in grid for beside in fine]


def _called(node: Node, *names: str) -> Iterator[Any]:
    """Give the values of functions that are called with a constant."""
    for below in walk(node):
        match below:
            case Call(name=name, arguments=(Literal(value=str(text)),), target=None):
                if name in names:
                    try:
                        yield FUNCTIONS[name](text)
                    except (EvaluationError, ValueError, OverflowError):
                        continue


def _templates(node: Node) -> list[str]:
    return list(dict.fromkeys(_arguments(node, "extract")))


def _arguments(node: Node, *methods: str) -> list[str]:
    """Give the constant texts that methods are called with."""
    return [
        n.arguments[0].value
        for n in walk(node)
        if isinstance(n, Call) and n.name in methods and n.arguments
        if isinstance(n.arguments[0], Literal) and isinstance(n.arguments[0].value, str)
    ]


def _values(node: Node, template: str, known: list[str]) -> list[str]:
    """Give what an extracted text is compared with; all constants where that is not plain."""
    extracts, plain = 0, list[str]()
    for below in walk(node):
        match below:
            case Call(name="extract", arguments=(Literal(value=text),)) if text == template:
                extracts += 1
            case Call(target=Call(name="extract", arguments=(Literal(value=text),))) if (
                text == template and below.name in ("startsWith", "endsWith", "contains")
            ):
                extracts -= 1
                plain += literals(below, str)
            case Operation(
                operands=(Call(name="extract", arguments=(Literal(value=text),)), right)
            ):
                if text == template and isinstance(right, Literal | ListOf):
                    extracts -= 1
                    plain += literals(right, str)
    return [text for text in dict.fromkeys(plain) if text != template] if not extracts else known


def _parts(node: Node, known: list[str]) -> list[str]:
    """Give what a text may hold somewhere: templates filled in, and texts it may contain."""
    templates = _templates(node)
    ordered = any(isinstance(n, Operation) and n.sign in ("<", "<=", ">", ">=") for n in walk(node))
    filled = []
    for template in templates:
        before, _, rest = template.partition("{")
        after = rest.partition("}")[2]
        plain = [text for text in _values(node, template, known) if text not in templates]
        beside = [near for text in plain for near in (text + "~", text[:-1])] if ordered else []
        values = (FRESH, *plain, *(t + FRESH for t in plain), *(FRESH + t for t in plain), *beside)
        filled += [before + value + after for value in values]
    ends = [template.partition("}")[2] for template in templates]
    return list(
        dict.fromkeys([*filled, *_arguments(node, "contains"), *(end for end in ends if end)])
    )


def _overlapped(fixed: str, part: str) -> Iterator[str]:
    """Put a part behind ``fixed`` so that they share what they can."""
    for length in range(min(len(fixed), len(part)), 0, -1):
        if fixed.endswith(part[:length]):
            yield fixed + part[length:]

"""Objects that a pickle may hold by the million, one maker for each way of storing them."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import types
import uuid
from collections.abc import Callable, Mapping
from typing import Any

START = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - as most are stored


class Colour(enum.Enum):
    """Stored by value, and read from the memo from then on."""

    RED = 1
    BLUE = 2


class Point(collections.namedtuple("Point", "x y")):
    """Made with arguments."""

    __slots__ = ()


class Slotted:
    """Its state is a pair, with the slots as its second part."""

    __slots__ = ("left", "right")

    def __init__(self, left: object, right: object) -> None:
        self.left, self.right = left, right


class Plain:
    """Its state is a dict."""

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """Its state is a list."""

    number: int
    share: float


class Stated:
    """Its state is a tuple of its own."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> tuple[int, str]:
        return self.number, "kept"

    def __setstate__(self, state: tuple[int, str]) -> None:
        self.number = state[0]


class Named:
    """Made with arguments by name."""

    def __new__(cls, *, number: int) -> Named:
        made = object.__new__(cls)
        made.number = number  # type: ignore[attr-defined]
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, int]]:
        return (), {"number": self.number}  # type: ignore[attr-defined]


class Items(list[Any]):
    """A container with a class of its own."""


class Reduced:
    """Stored as a call with arguments."""

    def __init__(self, number: int, text: str) -> None:
        self.given = (number, text)

    def __reduce__(self) -> tuple[type[Reduced], tuple[int, str]]:
        return Reduced, self.given


class Bare:
    """Stored as a call without arguments."""

    def __init__(self, *given: object) -> None:
        self.given = given

    def __reduce__(self) -> tuple[type[Bare], tuple[object, ...]]:
        return Bare, self.given


def tree(number: int, depth: int = 2) -> Plain | None:
    """Objects within objects."""
    if not depth:
        return None
    return Plain(low=tree(2 * number, depth - 1), high=tree(2 * number + 1, depth - 1), at=number)


# Which protocols a maker cannot be stored by: 0 and 1.
NEW_ONLY = frozenset(("slotted", "frozen", "by name"))
SHAPES: Mapping[str, Callable[[int], object]] = {
    "datetime": lambda n: START + datetime.timedelta(seconds=n),
    "datetime with a zone": lambda n: datetime.datetime.fromtimestamp(n, datetime.UTC),
    "date": lambda n: START.date() + datetime.timedelta(days=n % 9999),
    "timedelta": lambda n: datetime.timedelta(seconds=n),
    "Decimal": lambda n: decimal.Decimal(n) / 7,
    "Fraction": lambda n: fractions.Fraction(n, 7),
    "UUID": lambda n: uuid.UUID(int=n * 77_777_777_777),
    "path": lambda n: pathlib.PurePosixPath(f"folder/f{n}.txt"),
    "enumeration": lambda n: list(Colour)[n % 2],
    "complex": lambda n: complex(n, 1),
    "bytes": lambda n: n.to_bytes(8, "big"),
    "bytearray": lambda n: bytearray(n.to_bytes(8, "big")),
    "set": lambda n: {n, n + 1},
    "frozenset": lambda n: frozenset((n, n + 1)),
    "OrderedDict": lambda n: collections.OrderedDict(a=n),
    "defaultdict": lambda n: collections.defaultdict(list, a=n),
    "Counter": lambda n: collections.Counter({f"k{n}": n}),
    "deque": lambda n: collections.deque([n, 1]),
    "namedtuple": lambda n: Point(n, f"w{n}"),
    "plain": lambda n: Plain(number=n, text=f"some text {n}"),
    "with a list": lambda n: Plain(number=n, items=list(range(n % 5)), more=None),
    "nested": lambda n: Plain(name=f"w{n}", inner=Plain(number=n)),
    "with a table": lambda n: Plain(number=n, inner={"same": Plain(number=n)}, items=n),
    "tree": tree,
    "slotted": lambda n: Slotted(n, f"w{n}"),
    "frozen": lambda n: Frozen(n, n / 7),
    "stated": Stated,
    "by name": lambda n: Named(number=n),
    "list of a class": lambda n: Items([n, n + 1]),
    "reduced": lambda n: Reduced(n, f"s{n}"),
    "bare": lambda _n: Bare(),
    "partial": lambda n: functools.partial(int, n, base=10),
    "itemgetter": operator.itemgetter,
    "methodcaller": lambda n: operator.methodcaller("strip", n),
    "range": range,
    "exception": lambda n: ValueError(f"bad number {n}"),
    "namespace": lambda n: types.SimpleNamespace(a=n, b="x"),
    "record": lambda n: {"id": n, "at": START + datetime.timedelta(seconds=n), "tags": ["a", n]},
}


def between(data: Callable[[int], list[Any]]) -> Callable[[int], list[Any]]:
    """Streams of data with a call after each part of it."""
    return lambda count: [
        one for n in range(count) for one in (*data(n), collections.OrderedDict(a=n))
    ]


def turns(*shapes: str) -> Callable[[int], list[Any]]:
    """Streams in which objects of several kinds follow one another without an order."""
    return lambda count: [SHAPES[shapes[n * n % 7 % len(shapes)]](n) for n in range(count)]


# Streams in which plain data and calls mix, by about how many of the objects there are to be.
MIXED: Mapping[str, Callable[[int], list[Any]]] = {
    "a call per 8 numbers": between(lambda n: [*range(8 * n, 8 * n + 7)]),
    "a call per 200 numbers": between(lambda n: [*range(200 * n, 200 * n + 199)]),
    "a call per 200 texts": between(lambda n: [f"s{200 * n + m}" for m in range(199)]),
    "a call per 200 decimals": between(lambda n: [(200 * n + m) / 7 for m in range(199)]),
    "a call per list of 20": between(lambda n: [[*range(20 * n, 20 * n + 20)]]),
    "a call per list of 190": between(lambda n: [[*range(190 * n, 190 * n + 190)]]),
    "a call per list of 2,000": between(lambda n: [[*range(2000 * n, 2000 * n + 2000)]]),
    "a call per list of any length": between(lambda n: [[*range(n * n % 401)]]),
    "a call per tuple of 190": between(lambda n: [tuple(range(190 * n, 190 * n + 190))]),
    "a call per set of 190": between(lambda n: [set(range(190 * n, 190 * n + 190))]),
    "a call per dict with the same keys": between(lambda n: [{f"k{m}": m for m in range(90)}]),
    "a call per dict with new keys": between(lambda n: [{f"{n}k{m}": m / 7 for m in range(90)}]),
    "a call per row of tuples": between(lambda n: [[(n, m / 7, f"x{m}") for m in range(30)]]),
    "a call per tree of dicts": between(lambda n: [{"a": {"b": [n, {"c": (n, [n])}]}, "d": [[n]]}]),
    "a call per long text": between(lambda n: [f"{n} " * 60, {"text": f"{n} words " * 9}]),
    "lists in objects": lambda count: [
        collections.OrderedDict(a=[*range(190 * n, 190 * n + 190)]) for n in range(count)
    ],
    "lists of objects": lambda count: [
        [collections.OrderedDict(a=m) for m in range(n % 20)] for n in range(count)
    ],
    "dicts of objects": lambda count: [
        {f"k{m}": SHAPES["timedelta"](m) for m in range(n % 20)} for n in range(count)
    ],
    "records": lambda count: [
        {"id": n, "at": SHAPES["datetime"](n), "scores": [n / 7] * (n % 30), "of": (n, f"x{n}")}
        for n in range(count)
    ],
    "objects of five kinds": turns("OrderedDict", "date", "complex", "with a list", "Decimal"),
}  # fmt: skip

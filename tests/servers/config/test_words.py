"""Command lines and variables in text are split and filled in as a shell does, and nothing runs."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsec.collect.located.located import UnknownValue
from mlsec.servers.shell.expand import expand
from mlsec.servers.shell.shell_tokens import split_commands

ANY = "0.0.0.0"  # noqa: S104 - text
VALUES = {"HOST": ANY, "EMPTY": "", "N": "7"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$HOST:8000", "0.0.0.0:8000"),
        ("${HOST}", ANY),
        ("${NONE:-8000}", "8000"),
        ("${NONE-}", ""),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${NONE:-${N}}", "7"),
        ("${N:+set}", "set"),
        ("${NONE:+set}", ""),
        ("$$HOST", "$HOST"),
        ("costs 5$", "costs 5$"),
    ],
)
def test_a_variable_is_filled_in_as_compose_does(text: str, wanted: str) -> None:
    assert expand(text, VALUES.get, is_compose=True) == wanted


@pytest.mark.parametrize("text", ["${NONE}", "a $NONE b", "$(date)", "${N%x}", "${", "${NONE"])
def test_what_only_a_run_can_tell_is_not_known(text: str) -> None:
    assert isinstance(expand(text, VALUES.get), UnknownValue)


def test_a_variable_that_must_be_set_has_some_value() -> None:
    found = expand("${NONE:?give it}", VALUES.get)
    assert isinstance(found, UnknownValue)
    assert found.is_given


def texts(text: str) -> list[list[object]]:
    return [[word.value for word in c] for c in split_commands(text, VALUES.get)]


def test_each_command_of_a_line_is_one_and_every_word_has_its_place() -> None:
    text = "cd /x && vllm serve \\\n  m --host $HOST # no\necho 'a b' | tee log"
    found = list(split_commands(text, VALUES.get, line=5))
    assert [[w.value for w in c] for c in found] == [
        ["cd", "/x"],
        ["vllm", "serve", "m", "--host", ANY],
        ["echo", "a b"],
        ["tee", "log"],
    ]
    assert [(w.line, w.column) for w in found[1]] == [(5, 10), (5, 15), (6, 3), (6, 5), (6, 12)]


def test_a_flag_whose_value_is_not_known_is_still_that_flag() -> None:
    assert texts("s --port=$NONE")[0][:2] == ["s", "--port"]
    assert isinstance(texts("s --port=$NONE")[0][2], UnknownValue)


def test_a_redirection_ends_no_command() -> None:
    assert texts("s --a > log 2>&1 --b") == [["s", "--a", ">", "log", "2>&1", "--b"]]


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("ab'\"\\ $(){};|&\n#`-=/"), max_size=40))
def test_no_text_breaks_the_splitter(text: str) -> None:
    for command in split_commands(text, VALUES.get):
        assert command


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("ab c'\"-=./"), min_size=1, max_size=8), min_size=1))
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    assert texts(shlex.join(words)) == [words]

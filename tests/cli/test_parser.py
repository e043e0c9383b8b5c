"""Options are taken by their full names only, and a mistyped word is one sentence."""

from __future__ import annotations

import argparse

import pytest

from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, walk
from mlsec.core.errors import MlsecError
from tests.loops import for_each

PARSERS = {parser.prog: parser for parser in walk(build_parser())}
OPTIONS = [
    (prog, name)
    for prog, parser in PARSERS.items()
    for action in parser._actions
    for name in action.option_strings
    if name.startswith("--")
]


def refusal(*words: str) -> MlsecError:
    with pytest.raises(MlsecError) as refused:
        build_parser().parse_args(words)
    return refused.value


@for_each(("prog", "name"), OPTIONS)
def test_no_option_can_be_abbreviated(prog: str, name: str) -> None:
    error = refusal(*prog.split()[1:], name[:-1])
    assert error.message.startswith(f'unknown option "{name[:-1]}"')
    assert error.location == prog


def test_every_parser_is_strict() -> None:
    assert len(PARSERS) > 15
    assert [prog for prog, parser in PARSERS.items() if parser.allow_abbrev] == []


@pytest.mark.parametrize(
    ("line", "message", "location"),
    [
        ("sacn .", 'unknown command "sacn"; did you mean "scan"?', "mlsec"),
        ("rules lst", 'unknown command "lst"; did you mean "list"?', "mlsec rules"),
        ("scan --trsut f .", 'unknown option "--trsut"; did you mean "--trust"?', "mlsec scan"),
        ("collect aws --ouput x", 'unknown option "--ouput"; did you mean "--output"?',
         "mlsec collect"),
        ("scan . --fail-on hgih", ('--fail-on: "hgih" is not one of critical, high, medium,'
         ' low, info, none; did you mean "high"?'), "mlsec scan"),
        ("diff a b c", 'unexpected argument "c"', "mlsec diff"),
        ("diff a", "NEW is missing; write mlsec diff OLD NEW", "mlsec diff"),
        ("-x scan", 'unknown option "-x"', "mlsec"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_a_suggestion(
    line: str, message: str, location: str
) -> None:
    error = refusal(*line.split())
    assert (error.message, error.location) == (message, location)
    has_answer = ";" in error.message
    assert error.hint == ("" if has_answer else f"see {location} --help")


def test_what_stands_after_two_dashes_is_an_argument() -> None:
    assert build_parser().parse_args(["scan", "--", "--odd-name"]).targets == ["--odd-name"]


def test_the_options_that_were_given_are_known_even_with_default_values() -> None:
    args = build_parser().parse_args(["scan", ".", "--fail-on=high", "-f", "json"])
    assert args.given == {"--fail-on", "--format"}


def test_a_parser_of_the_command_asked_for_is_the_same_as_in_the_whole() -> None:
    def helped(parser: argparse.ArgumentParser) -> dict[str, str]:
        return {
            command.prog: command.format_help()
            for command in walk(parser)
            if command.prog != "mlsec"
        }

    assert helped(build_parser("rules")).items() <= helped(build_parser()).items()


def test_no_command_at_all_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "mlsec" in written.err

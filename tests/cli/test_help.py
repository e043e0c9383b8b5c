"""What ``mlsec COMMAND --help`` says: each option in one plain sentence, with default and unit."""

from __future__ import annotations

import argparse
import re

from mlsec.cli.assess_options import FORMATS
from mlsec.cli.parser import build_parser, commands_of, walk
from mlsec.render.formats import FORMATS as RENDERED
from tests.loops import for_each

PARSERS = {parser.prog: parser for parser in walk(build_parser())}
ACTIONS = [
    (prog, action)
    for prog, parser in PARSERS.items()
    for action in parser._actions
    if not isinstance(action, argparse._SubParsersAction)
]
# Words of the dialect that the code once had; help is plain English.
DIALECT = re.compile(
    r"\b(told|tells|asked|anybody|nobody|seldom|grave|putter|outsider|judge|judged|speaks?|lies)\b"
)

NAMES = ("judge",)


def named(prog: str, action: argparse.Action) -> str:
    return f"{prog} {action.option_strings[-1:] or action.metavar}"


@for_each(("prog", "action"), ACTIONS, named)
def test_every_argument_is_explained_in_one_sentence(prog: str, action: argparse.Action) -> None:
    text = action.help or ""
    assert len(text) > 10
    assert text[0].islower() or text.split()[0].strip(",").isupper() or text[0].isupper()
    assert not text.endswith(".")


@for_each(("prog", "action"), ACTIONS, named)
def test_an_option_with_a_value_names_its_default_or_what_happens_without_it(
    prog: str, action: argparse.Action
) -> None:
    takes_value = bool(action.option_strings) and action.nargs != 0 and not action.required
    is_file = action.metavar in ("FILE", "DIR", "PUBLIC_KEY", "PRIVATE_KEY", "ASSESSMENT", "REV")
    is_filter = action.metavar in ("GLOB", "TOOL") or "repeat" in (action.help or "")
    if takes_value and not is_file and not is_filter and action.dest != "policy":
        assert "default" in (action.help or "")


@for_each("prog", PARSERS)
def test_help_is_plain_english(prog: str) -> None:
    text = PARSERS[prog].format_help()
    for name in NAMES:  # the name of a command is not a sentence of its help
        text = text.replace(f"{prog.partition(' ')[0]} fleet {name}", "").replace(
            f"    {name}  ", ""
        )
    assert DIALECT.findall(text) == []


@for_each("prog", PARSERS)
def test_every_command_is_described_and_names_the_exit_codes(prog: str) -> None:
    parser = PARSERS[prog]
    assert (parser.description or "").endswith(".")
    assert (parser.epilog or "").startswith("Exit codes: 0 ")


def test_the_formats_in_the_help_are_those_that_can_be_rendered() -> None:
    assert {*FORMATS} == {*RENDERED}


def test_building_the_parser_runs_nothing_and_loads_no_sdk() -> None:
    names = [prog for prog, parser in PARSERS.items() if commands_of(parser) is None]
    assert len(names) == len({*names}) > 15
    assert all(callable(PARSERS[name].get_default("run")) for name in names)

"""Junk in place of any value of any command ends with an exit code of the contract, never 1."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, commands_of, walk

CONTRACT = {exits.CLEAN, exits.FINDINGS, exits.INCOMPLETE, exits.BAD_INPUT}
JUNK = ("-1", "nan", "9" * 30, "caf\udce9", "[", " ")
# What a command needs besides the value that is tried.
SOUND = {
    "scan": "code", "collect": "code -o new.mlsnap", "report": "out", "report verify": "out",
    "report sign": "out --key k",
    "diff": "out out", "history": "past.db", "serve": "x",
    "snapshot show": "x", "snapshot verify": "x",
    "snapshot sign": "x --key k", "snapshot export": "x -o new", "snapshot import": "x -o y.mlsnap",
    "replay": "x", "verify": "code --trust t", "sign": "code --key k", "rules list": "",
    "rules show": "sagemaker/notebook-direct-internet", "rules test": "--no-mutants sagemaker/m*",
    "rules new": "own/x --resource aws.sagemaker.notebook --rules own", "rules index": "",
    "rules vocabulary": "", "rules explain": "sagemaker/notebook-direct-internet fail:0",
    "rules techniques": "", "doctor": "", "init": "", "completion": "bash",
    "fleet init": "", "fleet plan": "fleet.yaml", "fleet run": "fleet.yaml", "fleet worker": "",
    "fleet status": "", "fleet retry": "", "fleet cancel": "", "fleet judge": "",
    "fleet gc": "fleet.yaml", "fleet unit": "1 1",
}  # fmt: skip
PARSERS = {
    parser.prog.removeprefix("mlsec "): parser
    for parser in walk(build_parser())
    if commands_of(parser) is None
}
OPTIONS = [
    (command, action.option_strings[-1])
    for command, parser in PARSERS.items()
    for action in parser._actions
    if action.option_strings and action.nargs != 0
]
POSITIONS = [
    (command, index)
    for command, parser in PARSERS.items()
    for index, _ in enumerate(a for a in parser._actions if not a.option_strings)
]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("code", "own"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "main.tf").write_text('resource "aws_s3_bucket" "models" {}\n')
    monkeypatch.chdir(tmp_path)


def check(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(words)
    written = capsys.readouterr()
    assert code in CONTRACT, written.err
    assert "crashed" not in written.err
    has_error = any(line.startswith("error: ") for line in written.err.splitlines())
    assert has_error == (code == exits.BAD_INPUT)
    assert not (has_error and written.out)


def test_every_command_has_a_line() -> None:
    assert {*SOUND} == {*PARSERS}


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_junk_in_an_option(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for junk in JUNK:
        check([*command.split(), *SOUND[command].split(), f"{option}={junk}"], capsys)


@pytest.mark.parametrize(("command", "index"), POSITIONS)
def test_junk_in_an_argument(command: str, index: int, capsys: pytest.CaptureFixture[str]) -> None:
    parser = PARSERS[command]
    named = [action for action in parser._actions if not action.option_strings]
    usual = SOUND[command].split()
    for junk in JUNK:
        words = list(usual)
        if index < _count(named, usual):
            words[index] = junk
        else:
            words.insert(0, junk)
        check([*command.split(), *words], capsys)


def _count(named: list[argparse.Action], usual: list[str]) -> int:
    return min(len(named), next((n for n, w in enumerate(usual) if w[0] == "-"), len(usual)))

"""What a newcomer types by mistake is answered in one line that says what to do."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from mlsec.cli.main import main

NEITHER = "is neither a file or folder nor the address of a target"
# What is typed, and the end of the answer.
MISTAKES = {
    "scna .": 'unknown command "scna"; did you mean "scan"?',
    "infra": 'unknown command "infra"; did you mean "mlsec scan infra"?',
    "help": "the help is mlsec --help, or mlsec COMMAND --help",
    "--scan infra": 'did you mean "mlsec scan"?',
    "scan": "nothing to scan is named; give . for this folder, aws for an account, or"
    " s3://bucket for models; see --help",
    "scan ./infar": f'"./infar" {NEITHER}; did you mean "infra"?',
    "scan infra --fail-on hgih": 'none; did you mean "high"?',
    "scan infra -fail-on high": 'unknown option "-fail-on"; did you mean "--fail-on"?',
    "scan infra fail-on=high": 'did you mean "--fail-on=high"?',
    "scan aws --region eu-west-1": "regions are a part of the target: aws://ACCOUNT/REGION",
    "scan aws --profile prod": "a profile of AWS is chosen with --aws-profile NAME",
    "scan --aws": "what is scanned is given without an option: mlsec scan aws",
    "scan k8s": f'"k8s" {NEITHER}; did you mean "kubernetes"?',
    "scan AWS": f'"AWS" {NEITHER}; did you mean "aws"?',
    "scan 111122223333": 'did you mean "aws://111122223333"?',
    "scan s3:/bucket": 'did you mean "s3://bucket"?',
    "scan https://github.com/org/repo": "clone it and scan its folder",
    "scan infra --json": 'unknown option "--json"; a format is chosen with -f json',
    "scan infra -f htm": 'unknown format "htm"; did you mean "html"?',
    "scan infra -f html,sarif": "give a folder for several with -o DIR",
    "scan infra -o report.html": "write -o reports, or -f html > report.html",
    "scan infra -o": "--output needs a value: DIR; see mlsec scan --help",
    "scan infra --select notebook": 'no rule matches "notebook"; did you mean "*notebook*"?',
    "scan infra --select *.tf": "mlsec rules list shows all of them",
    "scan infra --skip-check CKV_1": 'and left out with --select "!GLOB"',
    "rules show s3/bucket-publc-read": 'did you mean "s3/bucket-public-read"?',
    "diff a.json": "NEW is missing; write mlsec diff OLD NEW",
    "verify infra": "--trust is missing; write mlsec verify MODEL --trust FILE",
    "doctor infra": "give aws, azure, gcp or kubernetes",
    "doctor --policy amazon": 'did you mean "aws"?',
}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text('resource "aws_s3_bucket" "models" {}\n')
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake_is_answered_in_one_line_that_says_what_to_do(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert written.err.endswith(f"{MISTAKES[line]}\n")
    assert written.err.count("\n") == 1


def test_mistake_in_a_terminal_is_one_line_in_colour() -> None:
    child, terminal = pty.fork()
    if child == 0:
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "mlsec", "scan", "k8s"], environment)  # noqa: S606
    written = b""
    while chunk := _read(terminal):
        written += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert written.decode() == (
        f'\x1b[1;31merror\x1b[0m: "k8s" {NEITHER}; did you mean "kubernetes"?\r\n'
    )


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the program has left
        return b""


@pytest.mark.parametrize("word", ["HIGH", "High"])
def test_words_of_a_choice_may_be_in_capitals(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "infra", "--fail-on", word, "--print-config"]) == 0
    assert "fail-on: high" in capsys.readouterr().out

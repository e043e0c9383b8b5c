"""``mlsec rules`` finds, shows, tests and drafts rules, and ends with the right exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.cli import rules
from mlsec.cli.parser import CommandParser
from mlsec.core.errors import MlsecError


def run(*words: str) -> int:
    parser = CommandParser()
    rules.register(parser.add_subparsers())
    return rules.run(parser.parse_args(["rules", *words]))


def test_a_rule_is_found_by_the_id_of_a_peer(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = "prowler:sagemaker_notebook_instance_root_access_disabled"
    assert run("list", "--equivalent", wanted) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "sagemaker/" in lines[0]
    assert lines[-1].endswith((" rule", " rules"))


def test_a_glob_that_matches_nothing_is_refused() -> None:
    with pytest.raises(MlsecError, match="no rule matches"):
        run("list", "sagemakr/*")


def test_a_filter_that_no_rule_passes_is_refused_and_one_that_only_leaves_nothing_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(MlsecError, match='--severity: no rule has "hgih"; did you mean "high"'):
        run("list", "--severity", "hgih")
    assert run("list", "vertex/*", "--resource", "aws.*") == 0
    assert capsys.readouterr().out == "0 rules\n"


def test_a_draft_fails_its_own_test_until_it_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--rules", str(tmp_path))
    assert run("new", "own/notebook-odd", "--resource", "aws.sagemaker.notebook", *place) == 0
    assert (tmp_path / "aws" / "own" / "notebook-odd.yaml").is_file()
    assert run("test", "own/notebook-odd", *place) == 10
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 rule, 3 examples, 1 failed")


def test_a_draft_of_a_type_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match=r'did you mean "aws\.sagemaker\.notebook"'):
        run("new", "own/x", "--resource", "aws.sagemaker.notebok", "--rules", str(tmp_path))


def test_a_broken_rule_folder_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "x.yaml").write_text("id: own/x\n")
    with pytest.raises(MlsecError, match='"title" is missing'):
        run("list", "--rules", str(tmp_path))


def test_show_and_explain_speak_of_one_rule(capsys: pytest.CaptureFixture[str]) -> None:
    run("list", "sagemaker/*")
    rule_id = capsys.readouterr().out.splitlines()[0].split()[1]
    assert run("show", rule_id) == 0
    assert capsys.readouterr().out.startswith(f"{rule_id}: ")
    assert run("explain", rule_id, "fail:0") == 0
    shown = capsys.readouterr().out
    assert f"{rule_id} on example fail:0: fail" in shown
    assert "decided by" in shown


def test_the_vocabulary_shows_a_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("vocabulary", "aws.sagemaker.notebook") == 0
    assert "direct_internet: enum" in capsys.readouterr().out


def test_the_index_is_a_markdown_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("index") == 0
    assert "| Rule | Severity | Concern |" in capsys.readouterr().out

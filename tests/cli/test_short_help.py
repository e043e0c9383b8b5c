"""``--help`` shows what people use, and what decides how a scan ends; ``--help-all`` the rest."""

from __future__ import annotations

import pytest

from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, walk

PARSERS = {parser.prog: parser for parser in walk(build_parser())}
DECIDES = (
    "--rules", "--profile", "--framework", "--select", "--params", "--waivers", "--baseline",
    "--changed-since", "--unfold", "--fail-on", "--min-coverage", "--now", "--exclude", "--trust",
    "--with", "--checkov-json", "--require-sandbox", "--offline", "--deadline", "--config",
    "--environment",
)  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*words])
    assert end.value.code in (0, None)
    return capsys.readouterr().out


def test_the_help_of_a_scan_is_short_and_names_what_decides_its_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed(capsys, "scan", "--help")
    assert text.count("\n") <= 90
    assert [name for name in DECIDES if f"  {name} " not in text] == []
    assert "--help-all" in text


def test_the_whole_help_of_a_scan_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    text, short = printed(capsys, "scan", "--help-all"), printed(capsys, "scan", "--help")
    names = [name for action in PARSERS["mlsec scan"]._actions for name in action.option_strings]
    assert [name for name in names if name not in text] == []
    assert "--max-rps" not in short
    assert "--max-rps" in printed(capsys, "scan", "--help-all")


def test_commands_for_few_are_left_to_the_whole_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words, name in ((), "replay"), (("rules",), "index"), (("rules",), "techniques"):
        assert f"    {name}" not in printed(capsys, *words, "--help")
        assert f"    {name}" in printed(capsys, *words, "--help-all")

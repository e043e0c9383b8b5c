"""What a shell completes, and that the manual page has every command and option."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docs.man import man_page
from mlsec.cli.completion import SHELLS, nested
from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, walk

# Asks as bash does when the key is pressed at the end of the words.
ASK = """\
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_shtab_mlsec
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["mlsec", "sc"], ["scan"]),
        (["mlsec", "scan", "--fail-o"], ["--fail-on"]),
        (["mlsec", "scan", "--fail-on", "cr"], ["critical"]),
        (["mlsec", "report", "ver"], ["verify"]),
        (["mlsec", "rules", "sho"], ["show"]),
    ],
)
def test_bash_completes_commands_options_and_values(
    words: list[str], answers: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "mlsec.bash"
    script.write_text(capsys.readouterr().out)
    asked = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", ASK, "bash", script, *words], capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == answers


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_told_of_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [p.prog for p in walk(build_parser()) if p.prog.split()[-1] not in script] == []


def test_manual_page_has_every_command_and_option() -> None:
    page = man_page().replace("\\-", "-")
    parsers = [*walk(nested(build_parser()))]
    names = {name for parser in parsers for action in parser._actions
             for name in action.option_strings if name.startswith("--")}  # fmt: skip
    assert sorted(name for name in names if name not in page) == []
    assert page.splitlines()[0].startswith(".TH MLSEC")

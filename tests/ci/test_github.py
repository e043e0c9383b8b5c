"""The action's own steps, run as a runner would, with inputs that are attacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/mlsec.yml").read_text())
ACTION_STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
STEPS = [*ACTION_STEPS, *WORKFLOW["jobs"]["scan"]["steps"]]
INPUTS = {
    "targets": "MLSEC_TARGETS", "fail-on": "MLSEC_FAIL_ON", "min-coverage": "MLSEC_MIN_COVERAGE",
    "baseline": "MLSEC_BASELINE", "changed-since": "MLSEC_CHANGED_SINCE", "args": "MLSEC_ARGS",
    "directory": "MLSEC_DIRECTORY", "config": "MLSEC_CONFIG",
}  # fmt: skip
ATTACKS = (
    "$(touch canary)", "`touch canary`", "; touch canary", "x\n--rules=$(touch canary)", "--help",
    '"; touch canary; "', "${IFS}touch${IFS}canary", "&& touch canary", "-o/tmp", "\\",
)  # fmt: skip


# Notes its arguments, which is all that has to be seen of an attack on them.
STAND_IN = """#!/bin/sh
case "$*" in
  *secrets*) echo 0123456789abcdef0123456789abcdef;;
  *) printf '%s\\0' "$@" > {said}; echo '::set-output name=exit-code::0'; exit 2;;
esac
"""


def step(name: str) -> dict[str, Any]:
    """A step of the action by its name."""
    return next(one for one in ACTION_STEPS if one.get("name") == name)


class Runner:
    """A workspace, a temporary folder, and the files that a runner reads."""

    def __init__(self, folder: Path, *, is_real: bool) -> None:
        self.workspace, self.temp = folder / "workspace", folder / "temp"
        self.workspace.mkdir()
        (self.temp / "mlsec").mkdir(parents=True)
        self.output, self.summary = folder / "output", folder / "summary"
        self.said = folder / "said"
        venv = self.temp / "mlsec" / "venv"
        if is_real:  # what ci/install.sh would make: this very environment
            venv.symlink_to(sys.prefix)
        else:
            (venv / "bin").mkdir(parents=True)
            (venv / "bin" / "python").write_text(STAND_IN.format(said=self.said))
            (venv / "bin" / "python").chmod(0o755)

    def words(self) -> list[str]:
        """What the stand-in for mlsec was told, the folder for the reports left out."""
        words = self.said.read_text().split("\0")[:-1]
        assert words[:4] == ["-I", "-m", "mlsec", "scan"]
        return [one for one in words[4:] if not one.startswith("--output=")]

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script with the inputs as the action hands them over."""
        given = {each: str(spec.get("default", "")) for each, spec in ACTION["inputs"].items()}
        given |= {each.replace("_", "-"): value for each, value in inputs.items()}
        environment = {
            key: self._filled(str(value), given) for key, value in step(name)["env"].items()
        }
        return subprocess.run(  # noqa: S603
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)["run"]],  # noqa: S607
            cwd=self.workspace,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.temp),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def _filled(self, text: str, inputs: dict[str, str]) -> str:
        """Fill expressions as the runner does, each once."""
        known = {"runner.temp": str(self.temp), "steps.scan.outputs.exit-code": self.code()}
        known |= {f"inputs.{name}": value for name, value in inputs.items()}
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: known[found[1]], text)

    def code(self) -> str:
        """The exit code that the scan step left, "" before it ran."""
        text = self.output.read_text() if self.output.exists() else ""
        return dict(line.split("=", 1) for line in text.splitlines()).get("exit-code", "")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    made = Runner(tmp_path, is_real=True)
    (made.workspace / "main.bicep").write_text("resource a broken {\n")
    return made


@pytest.fixture
def stand_in(tmp_path: Path) -> Runner:
    return Runner(tmp_path, is_real=False)


def test_no_script_holds_an_expression() -> None:
    scripts = [one["run"] for one in STEPS if "run" in one]
    assert scripts
    assert not [one for one in scripts if "${{" in one]


def test_every_other_action_is_pinned_by_commit_and_always_to_the_same() -> None:
    used = [one["uses"] for one in STEPS if "uses" in one and one["uses"] != "./mlsec"]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used), used
    by_name: dict[str, set[str]] = {}
    for one in used:
        by_name.setdefault(one.partition("@")[0], set()).add(one)
    assert all(len(each) == 1 for each in by_name.values())


def test_permissions_are_the_least_that_code_scanning_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["scan"]["permissions"] == {
        "contents": "read", "actions": "read", "security-events": "write",
    }  # fmt: skip
    checkouts = [one for one in STEPS if one.get("uses", "").startswith("actions/checkout@")]
    assert all(one["with"]["persist-credentials"] is False for one in checkouts)


def test_results_are_uploaded_before_the_gate_and_whatever_it_says() -> None:
    names = [one.get("name") for one in ACTION_STEPS]
    assert names[-2:] == ["Give the results to code scanning", "Gate"]
    assert all("always()" in one["if"] for one in ACTION_STEPS[-2:])


def test_scan_step_keeps_reports_summary_and_code_and_leaves_failing_to_the_gate(
    runner: Runner,
) -> None:
    done = runner.run("Scan")
    assert done.returncode == 0, done.stderr
    assert runner.output.read_text() == "exit-code=11\nhas-sarif=true\n"
    reports = {one.name for one in (runner.temp / "mlsec-reports").iterdir()}
    assert reports >= {"report.html", "results.sarif", "assessment.json", "evidence.mlsnap"}
    assert runner.summary.read_text().startswith("## mlsec: ")
    assert runner.run("Gate").returncode == 11
    assert [one.name for one in runner.workspace.iterdir()] == ["main.bicep"]


def test_runner_obeys_nothing_that_the_scan_says(stand_in: Runner) -> None:
    first, said, *_, last = stand_in.run("Scan").stdout.splitlines()
    assert said.startswith("::set-output")
    token = first.removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert last == f"::{token}::"


@pytest.mark.parametrize("attack", ATTACKS)
def test_input_is_one_word_and_never_a_command_or_an_option(attack: str, stand_in: Runner) -> None:
    given = {name: attack for name in INPUTS if name not in ("targets", "args", "directory")}
    done = stand_in.run("Scan", **{name.replace("-", "_"): one for name, one in given.items()})
    assert done.returncode == 0, done.stderr
    words = stand_in.words()
    assert {f"--{name}={attack}" for name in given} <= {*words}
    assert words[-1:] == ["--"]  # the targets are those of the config
    assert not list(stand_in.workspace.parent.rglob("canary"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_list_is_one_word_a_line(attack: str, stand_in: Runner) -> None:
    stand_in.run("Scan", targets=f"{attack}\n\n  \nb c\r\n", args=attack)
    words = stand_in.words()
    at = words.index("--")
    lines = attack.split("\n")
    assert words[at + 1 :] == [*lines, "b c"]
    assert words[at - len(lines) : at] == lines
    assert not list(stand_in.workspace.parent.rglob("canary"))


def test_directory_is_a_name(stand_in: Runner) -> None:
    for attack in ATTACKS:
        assert stand_in.run("Scan", directory=attack).returncode == 1
    assert not stand_in.said.exists()


def test_every_input_of_the_action_is_in_the_workflow_and_in_the_page() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    offered = WORKFLOW[True]["workflow_call"]["inputs"]  # YAML 1.1 reads "on" as true
    for name, spec in ACTION["inputs"].items():
        assert f"`{name}`" in page
        if name not in ("directory", "python-version"):
            given = "true" if (held := offered[name]["default"]) is True else held
            assert given == spec["default"]


def test_code_in_the_scanned_repository_is_not_imported(runner: Runner) -> None:
    bad = "open('canary', 'w')\n"
    for name in ("yaml.py", "msgspec.py", "sitecustomize.py", "argparse.py", "mlsec/__init__.py"):
        (runner.workspace / name).parent.mkdir(exist_ok=True)
        (runner.workspace / name).write_text(bad)
    runner.run("Scan")
    assert runner.code() == "11"
    assert not (runner.workspace / "canary").exists()

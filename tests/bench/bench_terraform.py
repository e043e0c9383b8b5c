"""Terraform code, all our rules, beside checkov on the same tree."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mlsec.collect.checkov.program import find_checkov
from mlsec.core.errors import MlsecError
from tests.bench.made_terraform import write
from tests.bench.measure import (
    Cost,
    middle,
    python_module,
    ratio,
    run_in_turn,
    run_once,
    say,
    table,
)

TEAMS = (3, 15, 60)
RUNS = 3


def main() -> None:
    """Scan made trees of growing size with both."""
    checkov = _checkov()
    for teams in TEAMS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "code"
            files, lines = write(folder, teams)
            commands = {"mlsec": lambda folder=folder: _ours(folder)}
            if checkov:
                commands["checkov"] = lambda folder=folder: _theirs(checkov, folder)
            # The large tree takes checkov minutes: one run of each says enough there.
            found = run_in_turn(commands, RUNS if teams < TEAMS[-1] else 1)
        _show(f"{files} files, {lines} lines, {teams} root modules", found)


def _checkov() -> str:
    try:
        return str(find_checkov().path)
    except MlsecError as error:
        say(f"  no checkov beside us: {error.message} ({error.hint})")
        return ""


def _ours(folder: Path) -> Cost:
    command = python_module(
        "mlsec", "scan", str(folder), "--fail-on", "none", "--min-coverage", "0"
    )
    return run_once(command, {"PYTHONDONTWRITEBYTECODE": ""}, sample_s=0.02)


def _theirs(checkov: str, folder: Path) -> Cost:
    command = [
        checkov, "--directory", str(folder), "--framework", "terraform", "--output", "json",
        "--compact", "--quiet", "--skip-download", "--soft-fail",
    ]  # fmt: skip
    return run_once(command, {"PYTHONDONTWRITEBYTECODE": ""}, sample_s=0.02)


def _show(title: str, found: dict[str, list[Cost]]) -> None:
    rows = [
        [
            name,
            f"{middle([c.wall_s for c in costs]):.2f}",
            f"{middle([c.cpu_s for c in costs]):.2f}",
            f"{middle([c.tree_mib for c in costs]):.0f}",
        ]
        for name, costs in found.items()
    ]
    table(title, ["", "wall s", "cpu s", "MiB"], rows)
    if "checkov" in found:
        ours, theirs = found["mlsec"], found["checkov"]
        wall = ratio([c.wall_s for c in ours], [c.wall_s for c in theirs])
        cpu = ratio([c.cpu_s for c in ours], [c.cpu_s for c in theirs])
        memory = ratio([c.tree_mib for c in ours], [c.tree_mib for c in theirs])
        say(f"  ours of theirs: wall {wall:.3f}, CPU {cpu:.3f}, memory {memory:.2f}")

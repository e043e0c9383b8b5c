"""Terraform code, all our rules, beside checkov on the same tree."""

from __future__ import annotations

import compileall
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from mlsec.core.errors import MlsecError
from mlsec.repository.checkov.program import find_checkov
from tests.bench.made_terraform import write
from tests.bench.measure import (
    ROOT,
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
RUNS = int(os.environ.get("MLSEC_BENCH_RUNS", "5"))
# As an installed package runs: bytecode is kept, and output waits for its buffer.
AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": ""}


def main() -> None:
    """Scan made trees of growing size with both, and a folder of your own if one is named."""
    compileall.compile_dir(ROOT / "mlsec", quiet=2)
    checkov = _checkov()
    for teams in TEAMS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "code"
            files, lines = write(folder, teams)
            # The large tree takes checkov minutes: a few runs of each say enough there.
            runs = RUNS if teams < TEAMS[-1] else min(RUNS, 3)
            found = _measured(folder, checkov, runs)
        _show(f"made, {files} files, {lines} lines, {teams} root modules", found)
    for name in filter(None, os.environ.get("MLSEC_BENCH_TREES", "").split(os.pathsep)):
        found = _measured(Path(name), checkov, min(RUNS, 3))
        _show(f"{name}, {len(list(Path(name).rglob('*.tf')))} files of Terraform", found)
    starts = {" ".join(words): _start(words) for words in (["--version"], ["--help"])}
    _show("starting", run_in_turn(starts, RUNS))


def _checkov() -> str:
    try:
        return str(find_checkov().path)
    except MlsecError as error:
        say(f"  no checkov beside us: {error.message} ({error.hint})")
        return ""


def _measured(folder: Path, checkov: str, runs: int) -> dict[str, list[Cost]]:
    commands = {"mlsec": lambda: _ours(folder)}
    if checkov:
        commands["checkov"] = lambda: _theirs(checkov, folder)
    return run_in_turn(commands, runs)


def _start(words: list[str]) -> Callable[[], Cost]:
    return lambda: run_once(python_module("mlsec", *words), AS_INSTALLED, sample_s=0.005)


def _ours(folder: Path) -> Cost:
    command = python_module(
        "mlsec", "scan", str(folder), "--fail-on", "none", "--min-coverage", "0"
    )
    return run_once(command, AS_INSTALLED, sample_s=0.02, is_shared_once=True)


def _theirs(checkov: str, folder: Path) -> Cost:
    command = [
        checkov, "--directory", str(folder), "--framework", "terraform", "--output", "json",
        "--compact", "--quiet", "--skip-download", "--soft-fail",
    ]  # fmt: skip
    return run_once(command, AS_INSTALLED, sample_s=0.02, is_shared_once=True)


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
        say(f"  ours of theirs, run by run: wall {wall:.3f}, CPU {cpu:.3f}, memory {memory:.2f}")

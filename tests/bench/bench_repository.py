"""Repositories as they are: how often each file is parsed, growth, and checkov on the same tree."""

from __future__ import annotations

import compileall
import contextlib
import cProfile
import io
import os
import pstats
import tempfile
from functools import partial
from pathlib import Path

from mlsec.cli.main import main as mlsec
from mlsec.core.errors import MlsecError
from mlsec.repository.checkov.program import find_checkov
from tests.bench.bench_terraform import AS_INSTALLED
from tests.bench.made_repository import write
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

SIZES = (20, 80, 320)
RUNS = int(os.environ.get("MLSEC_BENCH_RUNS", "3"))
# What parses: file of the function, its name, what it parses.
_PARSERS = (
    ("yaml/cyaml.py", "__init__", "YAML"),
    ("ast.py", "parse", "Python"),
    ("syntax/parse.py", "parse", "Terraform"),
)


def main() -> None:
    """Measure made repositories of growing size, and folders of your own if any are named."""
    compileall.compile_dir(ROOT / "mlsec", quiet=2)
    rows, before = [], 0.0
    for parts in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "code"
            files, size_bytes = write(folder, parts)
            costs = run_in_turn({"mlsec": partial(_ours, folder)}, RUNS)["mlsec"]
            parses = _parses(folder, Path(name))
        cpu_s = middle([cost.cpu_s for cost in costs])
        growth = f"{cpu_s / before:.2f}" if before else ""
        before = cpu_s
        per_file = ", ".join(f"{what} {count / parts:.2f}" for what, count in parses.items())
        rows.append(
            [str(files), f"{size_bytes / 1e6:.2f}", f"{cpu_s:.2f}", growth, per_file,
             f"{cpu_s / (size_bytes / 1e6):.2f}"]
        )  # fmt: skip
    head = ["files", "MB", "cpu s", "of the row before", "parses a file", "cpu s a MB"]
    table("made repositories, each four times the one before", head, rows)
    for name in filter(None, os.environ.get("MLSEC_BENCH_TREES", "").split(os.pathsep)):
        _beside(Path(name))


def _parses(folder: Path, scratch: Path) -> dict[str, int]:
    """Count what the scan's own process parses of each language; readers of models are apart."""
    write(scratch / "one", 1)
    # What a scan parses beside the files: its own settings and rules.
    least = {what: count - 1 for what, count in _counted(scratch / "one", scratch / "1").items()}
    return {what: count - least[what] for what, count in _counted(folder, scratch / "out").items()}


def _counted(folder: Path, output: Path) -> dict[str, int]:
    profile = cProfile.Profile()
    words = ["scan", str(folder), "-o", str(output), "-f", "json", "--min-coverage", "0"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        profile.runcall(mlsec, [*words, "--fail-on", "none"])
    counts = dict.fromkeys((what for *_, what in _PARSERS), 0)
    for (file, _, function), (_, calls, *_) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for ending, name, what in _PARSERS:
            if file.endswith(ending) and function == name:
                counts[what] += calls
    return counts


def _beside(folder: Path) -> None:
    commands = {"mlsec": partial(_ours, folder)}
    try:
        checkov = str(find_checkov().path)
    except MlsecError as error:
        say(f"  no checkov beside us: {error.message} ({error.hint})")
    else:
        commands["checkov"] = partial(_theirs, checkov, folder)
    found = run_in_turn(commands, RUNS)
    rows = [
        [
            name,
            f"{middle([c.wall_s for c in costs]):.1f}",
            f"{middle([c.cpu_s for c in costs]):.1f}",
        ]
        for name, costs in found.items()
    ]
    table(str(folder), ["", "wall s", "cpu s"], rows)
    if "checkov" in found:
        cpu = ratio([c.cpu_s for c in found["mlsec"]], [c.cpu_s for c in found["checkov"]])
        say(f"  ours of theirs, run by run: CPU {cpu:.3f} (aim 0.333)")


def _ours(folder: Path) -> Cost:
    words = ("scan", str(folder), "--fail-on", "none", "--min-coverage", "0")
    return run_once(python_module("mlsec", *words), AS_INSTALLED)


def _theirs(checkov: str, folder: Path) -> Cost:
    command = [
        checkov, "--directory", str(folder), "--output", "json",
        "--compact", "--quiet", "--skip-download", "--soft-fail",
    ]  # fmt: skip
    return run_once(command, AS_INSTALLED)

"""``python -m tests.corpus.recall FOLDER``: what is flagged, by us and by peers, in one run.

FOLDER/<set>/malicious and FOLDER/<set>/benign hold the files. Peers are asked where their
commands are on PATH; flagged means: they say so by their exit code or their report. An error of a
peer is not a hit and is counted apart.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mlsec.artifacts.inspect import inspect
from mlsec.artifacts.window import FileSource, Window
from mlsec.core.closed_sets import Severity
from tests.bench.measure import say, table

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
TIMEOUT_S = 60
# Gives True, False, or None where the tool could not say.
Ask = Callable[[Path], bool | None]


def main(folder: str) -> int:
    """Print the table: flagged of all, per set and tool."""
    asked = {"mlsec": ours, **{name: ask for name, ask in PEERS.items() if shutil.which(name)}}
    rows = []
    for kind in ("malicious", "benign"):
        for place in sorted(Path(folder).glob(f"*/{kind}")):
            files = sorted(path for path in place.iterdir() if path.is_file())
            if files:
                cells = [_counted([ask(path) for path in files]) for ask in asked.values()]
                rows.append((f"{place.parent.name}, {kind}", str(len(files)), *cells))
    table("flagged (errors apart)", ("set", "files", *asked), rows)
    say(f"not on PATH: {', '.join(name for name in PEERS if name not in asked) or 'none'}")
    return 0


def _counted(answers: list[bool | None]) -> str:
    failed = answers.count(None)
    return f"{answers.count(True)}" + (f" ({failed} errors)" if failed else "")


def ours(path: Path) -> bool | None:
    """A fact of danger medium or more."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = inspect(Window.over(FileSource(descriptor)))
    finally:
        os.close(descriptor)
    return any(fact.danger in FLAGGING for fact in found.facts)


def _run(*command: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603 - the peers' own commands
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None


def picklescan(path: Path) -> bool | None:
    """Exit code 1: dangerous."""
    done = _run("picklescan", "--path", str(path))
    return done.returncode == 1 if done and done.returncode in (0, 1) else None


def modelscan(path: Path) -> bool | None:
    """Exit code 1: issues; 3: nothing that it supports."""
    done = _run("modelscan", "-p", str(path))
    return done.returncode == 1 if done and done.returncode in (0, 1) else None


def fickling(path: Path) -> bool | None:
    """Its JSON report says how likely it is that the file is unsafe."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run("fickling", "--check-safety", "--json-output", str(report), str(path))
        # One object per stream, one after the other.
        text = report.read_text("utf-8") if report.is_file() else ""
    said = re.findall(r'"severity": "(\w+)"', text)
    return any(word != "LIKELY_SAFE" for word in said) if said else None


def hayward(path: Path) -> bool | None:
    """Exit code 1: findings."""
    done = _run("hayward", "scan", str(path))
    return done.returncode == 1 if done and done.returncode in (0, 1) else None


PEERS: Mapping[str, Ask] = {
    "picklescan": picklescan,
    "modelscan": modelscan,
    "fickling": fickling,
    "hayward": hayward,
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

"""Runs in a peer's own interpreter: paths on stdin, one JSON line of path and answer on stdout.

True: it flags the file; False: it does not; null: it could not say. Only the standard library and
the peer are imported, for mlsec is not installed there. One process asks for all files, since
starting a peer anew for each takes most of the time.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

TIMEOUT_S = 60


def picklescan(path: str) -> bool | None:
    """Infected files or issues; its own word for an error is none."""
    from picklescan.scanner import scan_file_path  # noqa: PLC0415

    found = scan_file_path(path)
    if found.issues_count or found.infected_files:
        return True
    return None if found.scan_err else False


def modelscan(path: str) -> bool | None:
    """Any issue; a file that it skips is a file it cannot say anything of."""
    from modelscan.modelscan import ModelScan  # noqa: PLC0415

    said: dict[str, Any] = ModelScan().scan(path)
    if said["summary"]["total_issues"]:
        return True
    return None if said["errors"] or not said["summary"]["scanned"]["total_scanned"] else False


def fickling(path: str) -> bool | None:
    """Its command's exit code: 0 likely safe, 1 not; others mean that it could not parse."""
    from fickling.cli import main  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        report = str(Path(folder) / "report.json")
        code = main(["fickling", "--check-safety", "--json-output", report, path])
    return {0: False, 1: True}.get(code)


def hayward(path: str) -> bool | None:
    """A finding of severity medium or more, which is where ours begins."""
    from hayward.scanner import ModelFileScanner  # noqa: PLC0415

    found = ModelFileScanner().scan_file(Path(path))
    names = {str(getattr(finding.severity, "name", finding.severity)).upper() for finding in found}
    return bool(names & {"MEDIUM", "HIGH", "CRITICAL"})


ASKED: dict[str, Callable[[str], bool | None]] = {
    "picklescan": picklescan,
    "modelscan": modelscan,
    "fickling": fickling,
    "hayward": hayward,
}


def _late(*_: object) -> NoReturn:
    raise TimeoutError


def main() -> None:
    """Answer each path; whatever a peer raises is not an answer."""
    ask = ASKED[sys.argv[1]]
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _late)
    answers = sys.stdout
    for path in sys.stdin.read().splitlines():
        signal.alarm(TIMEOUT_S)
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            try:
                said = ask(path)
            except (Exception, SystemExit):  # noqa: BLE001 - the peers raise anything
                said = None
        signal.alarm(0)
        answers.write(json.dumps([path, said]) + "\n")


if __name__ == "__main__":
    main()

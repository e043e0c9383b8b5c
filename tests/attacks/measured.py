"""A scan in a process of its own: how it ended, what it reported, and what it took."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

# What the machine gives a scan that is attacked; none of these comes near it.
PEAK_MIB = 500
CPU_S = 15
_ENDED_AT_S = 120
# The peak that the kernel keeps of a process begins with that of the one it was forked from: what
# is measured is forked from a small one, and not from the one that runs the tests.
_LAUNCHER = """
import os, sys
pid = os.fork()
if not pid:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{status} {used.ru_maxrss} {used.ru_utime + used.ru_stime}")
"""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. ``failed`` are (rule, last part of the resource's id) of what failed."""

    code: int
    peak_mib: int
    cpu_s: float
    failed: frozenset[tuple[str, str]]
    unread: Mapping[tuple[str, str], frozenset[str]]
    limits: Mapping[str, str]
    errors: str

    def check(self) -> None:
        """Ask what holds of every attack: it ended, by itself, and took little."""
        assert self.code in (0, 10, 11), self.errors
        assert self.peak_mib < PEAK_MIB
        assert self.cpu_s < CPU_S


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files of a target."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def scan(folder: Path, *options: str) -> Measured:
    """Scan a folder; the process is ended when it takes two minutes of CPU."""
    out, err = folder.parent / f"{folder.name}.out", folder.parent / f"{folder.name}.err"
    figures = folder.parent / f"{folder.name}.figures"
    launcher = (sys.executable, "-I", "-S", "-c", _LAUNCHER, str(figures))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        subprocess.run(  # noqa: S603 - our own program
            [*launcher, sys.executable, "-m", "mlsec", "scan", ".", "-f", "json", *options],
            cwd=folder,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=_bound,
            check=True,
        )
    status, peak_kib, cpu_s = figures.read_text().split()
    text = out.read_text()
    document = json.loads(text) if text.startswith("{") else {}
    return Measured(
        code=os.waitstatus_to_exitcode(int(status)),
        peak_mib=int(peak_kib) // 1024,
        cpu_s=float(cpu_s),
        errors=err.read_text()[-2000:],
        **_reported(document),
    )


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_ENDED_AT_S, _ENDED_AT_S))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


def _reported(document: Mapping[str, Any]) -> dict[str, Any]:
    gaps = {gap["id"]: gap for gap in document.get("gaps", ())}
    failed, unread = set(), {}
    for finding in document.get("findings", ()):
        key = (finding["rule"], finding["resource"]["id"].rpartition("#")[2])
        if finding["status"] == "fail":
            failed.add(key)
        elif finding["status"] == "not_assessed":
            reasons = (gaps[gap]["reason"] for gap in finding["gaps"] if gap in gaps)
            unread[key] = frozenset(reasons)
    limits = {
        gap["subject"]: gap["detail"] for gap in gaps.values() if gap["reason"] == "over_limit"
    }
    return {"failed": frozenset(failed), "unread": unread, "limits": limits}

"""A scan in a process of its own: how it ended, what it reported, and the memory it took."""

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

# What the machine gives a scan that is attacked: the kernel ends one that takes more CPU, and no
# test reads a clock.
PEAK_MIB = 500
_ENDED_AT_S = 30
# The peak that the kernel keeps of a process begins with that of the one it was forked from: what
# is measured is forked from a small one, and not from the one that runs the tests.
_LAUNCHER = """
import os, sys
pid = os.fork()
if not pid:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{status} {used.ru_maxrss}")
"""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan says of one target. ``failed`` are (rule, last part of the resource's id)."""

    failed: frozenset[tuple[str, str]]
    unread: Mapping[tuple[str, str], frozenset[str]]
    limits: Mapping[str, str]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One scan of targets that lie side by side: what it took, and what it says of each."""

    code: int
    peak_mib: int
    seen: Mapping[str, Seen]
    errors: str

    def check(self) -> None:
        """Ask what holds of every attack: it ended, by itself, and took little."""
        assert self.code in (0, 10, 11), self.errors
        assert self.peak_mib < PEAK_MIB


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files of a target."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def scan(folder: Path, targets: Mapping[str, Mapping[str, str | bytes]], *options: str) -> Measured:
    """Scan targets, each in a folder of its own; half a minute of CPU ends the process."""
    places = {f"t{number}": name for number, name in enumerate(targets)}
    for place, name in places.items():
        write(folder / place, targets[name])
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
    status, peak_kib = figures.read_text().split()
    text = out.read_text()
    document = json.loads(text) if text.startswith("{") else {}
    return Measured(
        code=os.waitstatus_to_exitcode(int(status)),
        peak_mib=int(peak_kib) // 1024,
        errors=err.read_text()[-2000:],
        seen={name: _reported(document, place) for place, name in places.items()},
    )


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_ENDED_AT_S, _ENDED_AT_S))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


def _reported(document: Mapping[str, Any], place: str) -> Seen:
    gaps = {gap["id"]: gap for gap in document.get("gaps", ())}
    failed, unread = set(), {}
    for finding in document.get("findings", ()):
        where, _, name = finding["resource"]["id"].rpartition("#")
        key = (finding["rule"], name.removeprefix(f"{place}/"))
        if place not in (where.partition("/")[0], name.partition("/")[0]):
            continue
        if finding["status"] == "fail":
            failed.add(key)
        elif finding["status"] == "not_assessed":
            reasons = (gaps[gap]["reason"] for gap in finding["gaps"] if gap in gaps)
            unread[key] = frozenset(reasons)
    limits = {
        gap["subject"].removeprefix(f"{place}/"): gap["detail"]
        for gap in gaps.values()
        if gap["reason"] == "over_limit" and gap["subject"].startswith(f"{place}/")
    }
    return Seen(failed=frozenset(failed), unread=unread, limits=limits)

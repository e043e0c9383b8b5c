"""The joined evidence judged as any other, by the command that judges any other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.gate_result import GateResult
from mlsec.core.sanitize import visible
from mlsec.fleet.config import FleetConfig
from mlsec.fleet.owners import write_owners

ORGANISATION, EVIDENCE = "organisation", "evidence.mlsnap"
# What the fleet itself decides.
_RESERVED = frozenset({"evidence", "output", "config", "environment"})
_ENDED = (0, 10, 11)


def write_all(config: FleetConfig, evidence: Path) -> None:
    """Assess evidence into the organisation's reports, its history, its receivers, and its owners'.

    The evidence is kept beside the reports, as that of any scan is; not where shards are encrypted.

    Raises:
        MlsecError: an option is unknown, or something could not be written or sent.
    """
    folder = Path(config.reports) / ORGANISATION
    kept = folder / EVIDENCE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(evidence, kept)
    except OSError as error:
        raise MlsecError(f"cannot be written: {error.strerror}", location=str(kept)) from None
    try:
        _scan(kept, folder, config)
        write_owners(config, folder, kept)
    finally:
        if config.recipients:
            kept.unlink(missing_ok=True)


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures changed since the night before."""

    since: str
    until: str
    new: int = 0
    regressed: int = 0
    fixed: int = 0
    not_assessed_now: int = 0
    no_longer_seen: int = 0
    rule_gone: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of the scan."""

    fail_on: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the organisation's reports say in a sentence or two."""

    gate: GateResult
    scan: Asked
    changes: Since | None = None


def result_of(reports: str) -> Result:
    """Give what the organisation's reports say; of a large one little is read.

    Raises:
        MlsecError: there is no such report.
    """
    path = Path(reports) / ORGANISATION / "assessment.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except (OSError, msgspec.MsgspecError) as error:
        raise MlsecError(f"the report cannot be read: {error}", location=str(path)) from None


def _scan(evidence: Path, folder: Path, config: FleetConfig) -> None:
    command = [
        sys.executable, "-I", "-m", "mlsec", "scan", "--evidence", str(evidence),
        "-o", str(folder), *options_of(config),
    ]  # fmt: skip
    # Paths of the configuration may be relative, and receivers are named in the environment.
    done = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, check=False, env=dict(os.environ), cwd=Path.cwd()
    )
    if done.returncode not in _ENDED:
        lines = (line for line in done.stderr.splitlines() if line.startswith("error: "))
        said = next(lines, f"exit code {done.returncode}").removeprefix("error: ")
        raise MlsecError(f"the evidence could not be assessed: {visible(said, 500)}")


def options_of(config: FleetConfig) -> Iterator[str]:
    """Give the options of ``mlsec scan`` that a configuration names.

    Raises:
        MlsecError: one that the fleet decides itself.
    """
    for name, value in config.judge.items():
        if name in _RESERVED:
            raise MlsecError(f'judge: "{name}" is the fleet\'s own', location="judge")
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is True:
                yield f"--{name}"
            elif item is not False:
                yield f"--{name}={item}"

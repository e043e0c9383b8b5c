"""A unit's process for tests: waits a while, notes when it ran, and does what its task says."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from mlsec.fleet.child import UnitError, main
from mlsec.fleet.guard import clock_s
from mlsec.fleet.units import Assignment, ErrorClass, Figures, Kind, NewUnit, Outcome

BEAT_S = 0.01


def do(given: Assignment) -> Outcome:
    """Wait ``seconds``, noting in a file of the attempt that this process still runs."""
    claim, task = given.claim, given.claim.task
    name = f"{claim.scope}.{claim.attempt}"
    log = Path(given.config["folder"])
    with (log / f"{name}.{claim.lane}.beats").open("a", buffering=1) as beats:
        beats.write(f"{clock_s()}\n")
        is_long = task.get("does") == "long once" and claim.attempt == 1
        end_s = clock_s() + (60 if is_long else task.get("seconds", 0.05))
        (log / f"{name}.pid").write_text(str(os.getpid()))
        (log / f"{name}.group").write_text(str(os.getpgid(0)))
        _misbehave(task.get("does", ""), claim.attempt)
        while (left_s := end_s - clock_s()) > 0:
            time.sleep(min(BEAT_S, left_s))
            beats.write(f"{clock_s()}\n")
        shard = log / f"{name}.shard"
        shard.write_text(claim.scope)
        beats.write(f"{clock_s()}\n")
    following = tuple(
        NewUnit(pass_number=claim.pass_number, kind=Kind.COLLECT, scope=scope, lane=claim.lane,
                task=task.get("then_task", {}))
        for scope in task.get("then", ())
    )  # fmt: skip
    return Outcome(
        shard=shard.name, digest=claim.scope, figures=Figures(calls=7), new_units=following
    )


def _misbehave(how: str, attempt: int) -> None:
    match how:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            scratch = Path(tempfile.mkdtemp(prefix="left-"))
            (scratch / "large").write_bytes(b"x" * 100_000)
            scratch.chmod(0)
            time.sleep(60)
        case "bug":
            raise ValueError("a mistake")
        case "denied":
            raise UnitError(ErrorClass.DENIED, "the role may not be assumed", "sts:AssumeRole")
        case "expired once" if attempt == 1:
            raise UnitError(ErrorClass.EXPIRED, "the token has expired")
        case "full once" if attempt == 1:
            fill_disk()
        case "chatter":
            sys.stdout.write('{"shard": "forged"}\n')
            os.write(1, b'{"shard": "forged"}\n')
        case "spawn":
            if os.fork() == 0:
                with contextlib.suppress(KeyboardInterrupt):
                    time.sleep(600)


def fill_disk() -> None:
    """Write to the device on which there is never room."""
    with Path("/dev/full").open("wb") as full:
        full.write(b"x" * 100_000)


if __name__ == "__main__":
    sys.exit(main(do))

"""A company scanned as a user does it: with the fleet's own commands and nothing else."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.measure import python_module, run_once
from tests.fleet.company import Company


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What the commands printed, and seconds from the start of ``run`` to its end."""

    plan: str
    status: str
    run_s: float


def scan(company: Company, place: Path, workers: int) -> Done:
    """Make the tables, plan, and run a scan that so many workers collect, a unit each at once.

    The environment of this process is that of the company, with the variables of the database and
    of the salt.

    Raises:
        RuntimeError: a command ended with another exit code than 0.
    """
    place.mkdir(exist_ok=True)
    config = place / "fleet.yaml"
    config.write_text(json.dumps(company.config(place)))  # JSON is YAML
    _fleet("init")
    plan = _fleet("plan", str(config), "--workers", str(workers))
    with _workers(workers, place / "workers.log"):
        began = time.monotonic()
        _fleet("run", str(config))
        run_s = time.monotonic() - began
    return Done(plan=plan, status=_fleet("status"), run_s=run_s)


def _fleet(*words: str) -> str:
    return run_once(python_module("mlsec", "fleet", *words)).output


@contextlib.contextmanager
def _workers(number: int, log: Path) -> Iterator[None]:
    command = python_module("mlsec", "fleet", "worker", "--concurrency", "1")
    with log.open("wb") as errors, contextlib.ExitStack() as started:
        for _ in range(number):
            worker = subprocess.Popen(command, stderr=errors)  # noqa: S603 - our own command
            started.callback(_stop, worker, log)
        yield


def _stop(worker: subprocess.Popen[bytes], log: Path) -> None:
    worker.terminate()
    if worker.wait(60):
        raise RuntimeError(f"a worker ended with {worker.returncode}: {log.read_text()[-600:]}")

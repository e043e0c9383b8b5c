"""Collecting a company from Azure and Google Cloud behind 50 ms of latency per call."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.gcp.tables import plans as gcp_plans
from mlsec.snapshot.store import Snapshot
from tests.bench.measure import python_module, run_once, say, table
from tests.e2e.clouds import Running
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp

DEPLOYMENTS = int(os.environ.get("MLSEC_BENCH_DEPLOYMENTS", "200"))
LATENCY_S = 0.050
IN_FLIGHT = 64


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One cloud: how to serve it, what its bulk source is called, and its plans."""

    start: Callable[[], AbstractContextManager[Running]]
    bulk: str
    plans: Callable[[], Iterable[TypePlan]]
    sign_in: int


SUBJECTS: Mapping[str, Subject] = {
    "azure": Subject(
        start=lambda: RunningAzure(build_azure(DEPLOYMENTS).world),
        bulk="resourcegraph:*",
        plans=azure_plans,
        sign_in=2,
    ),
    "gcp": Subject(
        start=lambda: RunningGcp(build_gcp(DEPLOYMENTS).world),
        bulk="cloudasset:*",
        plans=gcp_plans,
        sign_in=3,
    ),
}


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    calls: int
    telling: int
    trips: int
    wall_s: float
    cpu_s: float
    most: Counter[str]


def main() -> None:
    """Measure with and without the bulk source, and print."""
    runs = [run for name, subject in SUBJECTS.items() for run in _measure(name, subject)]
    rows = [
        (
            run.name,
            f"{run.calls:,}",
            f"{run.telling:,}",
            f"{run.calls / run.telling:.2f}",
            f"{run.trips}",
            f"{run.wall_s:.1f}",
            f"{run.wall_s / _floor_s(run):.1f}",
            f"{run.cpu_s:.1f}",
        )
        for run in runs
    ]
    head = ("run", "calls", "that told", "calls each", "trips in a row", "wall s", "x floor",
            "CPU s")  # fmt: skip
    ms = LATENCY_S * 1000
    table(f"{DEPLOYMENTS} deployments, {ms:.0f} ms per call, {IN_FLIGHT} at once", head, rows)
    say("  a call tells when its answer is not an empty list; the floor of the wall time is")
    say("  the latency of the trips that wait for one another, or of all calls side by side")
    for run in runs:
        say(f"  {run.name}: " + ", ".join(f"{k} {v}" for k, v in run.most.most_common(6)))


def _measure(name: str, subject: Subject) -> Iterable[_Run]:
    for label, faults in (
        (f"{name}, bulk first", ()),
        (f"{name}, without bulk", (Fault(kind=Kind.DENY, operation=subject.bulk),)),
    ):
        with subject.start() as cloud, tempfile.TemporaryDirectory(prefix="mlsec-") as folder:
            cloud.set_faults(*faults, latency_s=LATENCY_S)
            evidence = Path(folder) / "evidence.mlsnap"
            command = python_module("mlsec", "collect", name, "-o", str(evidence))
            # 11 says that something was not answered whole: the tables show it, nothing stops.
            shell = ("sh", "-c", '"$0" "$@" || [ $? -eq 11 ]')
            words = [*shell, *command, "--in-flight", str(IN_FLIGHT)]
            cost = run_once(words, cloud.environment())
            counts, mistakes = cloud.counts(), cloud.mistakes()
            if mistakes:
                say(f"  the server did not understand: {mistakes[:3]}")
            yield _Run(
                name=label,
                calls=counts.total(),
                telling=_telling(evidence) + subject.sign_in,
                trips=subject.sign_in + _trips(tuple(subject.plans())),
                wall_s=cost.wall_s,
                cpu_s=cost.cpu_s,
                most=counts,
            )


def _floor_s(run: _Run) -> float:
    return max(run.trips * LATENCY_S, run.calls * LATENCY_S / IN_FLIGHT)


def _telling(evidence: Path) -> int:
    """Count the calls whose answer holds something."""
    with Snapshot.open(evidence) as snapshot:
        answers = [snapshot.payload(call.payload) for call in snapshot.calls() if call.payload]
    return sum(any(_holds(value) for value in answer.values()) for answer in answers)


def _holds(value: object) -> bool:
    return value not in ([], {}, "", None)


def _trips(plans: tuple[TypePlan, ...]) -> int:
    """Count the calls that wait for one another: bulk, lists below lists, reads of one item."""
    by_type = {plan.type: plan for plan in plans}

    def depth(plan: TypePlan) -> int:
        above = by_type.get(plan.parent)
        return (1 if plan.listing else 0) + (depth(above) if above else 1)

    return max(depth(plan) + len(plan.reads) for plan in plans)

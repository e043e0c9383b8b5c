"""What a scan of an organisation will cost, before it begins: the model of docs/scale.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

MIB, GIB = 1 << 20, 1 << 30
# Where nothing is known of a scope: what an account with some machine learning in it has.
DEPLOYMENTS = 5
REGIONS: Mapping[str, int] = {"aws": 17}
# Calls a second that one scope's process gets answered, whatever it has in flight.
_CALLS_PER_S = 170.0
_START_S = 2.0
_IN_FLIGHT = 64
# Of the units of a scan, those that a later pass adds: what one scope refers to in another.
_FOLLOWED = 0.15
# What the engine and the ledger take for a unit.
ENGINE_CPU_S = 0.003


class ScopeCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one scope of a provider costs: fixed, for each region, for each deployment in it.

    A deployment is a model that is served, with all that it stands on: roles, keys, buckets,
    images, networks. Measured by ``python -m tests.bench fleet``.
    """

    calls: float
    calls_region: float = 0.0
    calls_deployment: float
    cpu_s: float
    cpu_s_call: float
    memory_mib: float
    memory_mib_region: float = 0.0
    memory_mib_deployment: float
    evidence_kb: float
    evidence_kb_region: float = 0.0
    evidence_kb_deployment: float
    resources: float
    resources_region: float = 0.0
    resources_deployment: float


COSTS: Mapping[str, ScopeCost] = {
    "aws": ScopeCost(
        calls=24, calls_region=103, calls_deployment=15, cpu_s=0.9, cpu_s_call=0.0035,
        memory_mib=100, memory_mib_region=8, memory_mib_deployment=0.1, evidence_kb=63,
        evidence_kb_region=27, evidence_kb_deployment=8.3, resources=17, resources_region=23,
        resources_deployment=10.2,
    ),
    "azure": ScopeCost(
        calls=24, calls_deployment=57, cpu_s=0.9, cpu_s_call=0.0015, memory_mib=80,
        memory_mib_deployment=0.55, evidence_kb=45, evidence_kb_deployment=47, resources=23,
        resources_deployment=76,
    ),
    "gcp": ScopeCost(
        calls=127, calls_deployment=8, cpu_s=0.9, cpu_s_call=0.0015, memory_mib=77,
        memory_mib_deployment=0.13, evidence_kb=82, evidence_kb_deployment=4.5, resources=40,
        resources_deployment=15,
    ),
    "kubernetes": ScopeCost(
        calls=40, calls_deployment=0.2, cpu_s=0.9, cpu_s_call=0.002, memory_mib=80,
        memory_mib_deployment=0.05, evidence_kb=28, evidence_kb_deployment=1.5, resources=20,
        resources_deployment=7,
    ),
    "files": ScopeCost(
        calls=1, calls_deployment=0, cpu_s=0.9, cpu_s_call=0, memory_mib=85,
        memory_mib_deployment=0.5, evidence_kb=30, evidence_kb_deployment=5.5, resources=5,
        resources_deployment=17,
    ),
}  # fmt: skip


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What computing and storing cost, in US dollars; list prices of one cloud differ by region."""

    vcpu_hour: float = 0.0405
    gib_hour: float = 0.00445
    stored_gib_month: float = 0.023


class Scopes(msgspec.Struct, frozen=True, kw_only=True):
    """So many scopes of one provider, each of so many regions and deployments."""

    provider: str
    count: int
    regions: float = 1
    deployments: float = DEPLOYMENTS
    latency_s: float = 0.040


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """What judging takes for a resource, in one process."""

    cpu_s: float = 1.0
    cpu_s_resource: float = 0.00075
    memory_mib: float = 64
    memory_kib_resource: float = 7


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan will cost. ``slots`` is how many units run at once over all workers."""

    slots: int
    units: int
    calls: int
    cpu_s: float
    collect_s: float
    worker_mib: int
    evidence_bytes: int
    resources: int
    judge_s: float
    judge_mib: int
    usd: float
    usd_storage_month: float

    @property
    def minutes(self) -> float:
        """Minutes from the first unit to the reports."""
        return (self.collect_s + self.judge_s) / 60


def estimate(
    scopes: Iterable[Scopes],
    slots: int,
    *,
    lanes: Mapping[str, int] | None = None,
    kept_nights: int = 7,
    judge: Judge | None = None,
    prices: Prices | None = None,
) -> Estimate:
    """Say what a scan of these scopes costs.

    ``slots`` is how many units run at once over all workers, ``lanes`` how many of one provider,
    where its scopes share a lane; the store keeps ``kept_nights``.
    """
    units = [_cost_of(scope) for scope in scopes if scope.count]
    judge, prices, lanes = judge or Judge(), prices or Prices(), lanes or {}
    followed = 1 + _FOLLOWED
    cpu_s = sum(unit.count * unit.cpu_s for unit in units)
    busy_s = sum(unit.count * unit.seconds for unit in units) * followed
    evidence_bytes = sum(unit.count * unit.evidence_kb for unit in units) * 1000
    resources = sum(unit.count * unit.resources for unit in units)
    memory_mib = max((unit.memory_mib for unit in units), default=0.0)
    in_lanes = [
        unit.count * unit.seconds * followed / min(slots, lanes.get(unit.provider, slots))
        for unit in units
    ]
    longest = [unit.seconds for unit in units]
    judge_s = judge.cpu_s + judge.cpu_s_resource * resources
    judge_mib = judge.memory_mib + judge.memory_kib_resource * resources / 1024
    return Estimate(
        slots=slots,
        units=math.ceil(sum(unit.count for unit in units) * followed),
        calls=round(sum(unit.count * unit.calls for unit in units)),
        cpu_s=cpu_s * followed,
        collect_s=max((busy_s / slots, *in_lanes, *longest)),
        worker_mib=math.ceil(memory_mib),
        evidence_bytes=round(evidence_bytes),
        resources=round(resources),
        judge_s=judge_s,
        judge_mib=math.ceil(judge_mib),
        usd=(
            cpu_s * followed * prices.vcpu_hour
            + busy_s * memory_mib / 1024 * prices.gib_hour
            + judge_s * (prices.vcpu_hour + judge_mib / 1024 * prices.gib_hour)
        )
        / 3600,
        usd_storage_month=kept_nights * evidence_bytes / GIB * prices.stored_gib_month,
    )


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What one of so many equal units costs."""

    provider: str
    count: int
    calls: float
    cpu_s: float
    seconds: float
    memory_mib: float
    evidence_kb: float
    resources: float


def _cost_of(scopes: Scopes) -> _Unit:
    cost = COSTS.get(scopes.provider, COSTS["files"])

    def of(fixed: float, region: float, deployment: float) -> float:
        return fixed + region * scopes.regions + deployment * scopes.deployments

    calls = of(cost.calls, cost.calls_region, cost.calls_deployment)
    cpu_s = cost.cpu_s + cost.cpu_s_call * calls + ENGINE_CPU_S
    return _Unit(
        provider=scopes.provider,
        count=scopes.count,
        calls=calls,
        cpu_s=cpu_s,
        seconds=max(cpu_s + _START_S + calls * scopes.latency_s / _IN_FLIGHT, calls / _CALLS_PER_S),
        memory_mib=of(cost.memory_mib, cost.memory_mib_region, cost.memory_mib_deployment),
        evidence_kb=of(cost.evidence_kb, cost.evidence_kb_region, cost.evidence_kb_deployment),
        resources=of(cost.resources, cost.resources_region, cost.resources_deployment),
    )

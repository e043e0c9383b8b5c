"""The tables of docs/scale.md that follow from the model; a test holds the page to them."""

from __future__ import annotations

from mlsec.fleet.estimate import COSTS, GIB, Estimate, Scopes, estimate

# An organisation like that of the README, ten times smaller to fifty times larger.
SHARES = {"aws": 0.50, "azure": 0.15, "gcp": 0.20, "kubernetes": 0.05, "files": 0.10}
_HEAD = (
    "Scopes", "Regions", "Units at once", "Units", "Calls", "CPU, h", "Collecting, min",
    "MiB a unit", "Evidence, GiB a night", "Resources", "Judging, min", "Judge, GiB",
    "Computing, USD a night", "Storage, USD a month",
)  # fmt: skip
SIZES = (100, 1_000, 10_000, 100_000)


def organisation(size: int, regions: int) -> tuple[Scopes, ...]:
    """Give an organisation of so many scopes, AWS accounts with so many regions."""
    return tuple(
        Scopes(provider=name, count=round(size * share), regions=regions if name == "aws" else 1)
        for name, share in SHARES.items()
    )


def predictions() -> list[str]:
    """Give the table of predictions, by size and regions, with so many units at once."""
    rows = [
        f"| {' | '.join(_HEAD)} |",
        "|" + " --: |" * len(_HEAD),
    ]
    for size in SIZES:
        for regions in (2, 17):
            slots = max(4, size // 100)
            made = estimate(organisation(size, regions), slots)
            rows.append(_row(size, regions, made))
    return rows


def constants() -> list[str]:
    """Give the table of what one scope costs."""
    rows = [
        "| One | Calls | CPU, s | MiB | Evidence, kB | Resources |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, c in COSTS.items():
        cells = (
            _sum(c.calls, c.calls_region, c.calls_deployment),
            f"{c.cpu_s:g} + {c.cpu_s_call * 1000:g} ms a call",
            _sum(c.memory_mib, c.memory_mib_region, c.memory_mib_deployment),
            _sum(c.evidence_kb, c.evidence_kb_region, c.evidence_kb_deployment),
            _sum(c.resources, c.resources_region, c.resources_deployment),
        )
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _sum(fixed: float, region: float, deployment: float) -> str:
    parts = [f"{fixed:g}"]
    if region:
        parts.append(f"{region:g} r")
    if deployment:
        parts.append(f"{deployment:g} d")
    return " + ".join(parts)


def _row(size: int, regions: int, made: Estimate) -> str:
    cells = (
        f"{size:,}", f"{regions}", f"{made.slots:,}", f"{made.units:,}", f"{made.calls:,}",
        f"{made.cpu_s / 3600:.1f}", f"{made.collect_s / 60:.0f}", f"{made.worker_mib}",
        f"{made.evidence_bytes / GIB:.2f}", f"{made.resources:,}", f"{made.judge_s / 60:.1f}",
        f"{made.judge_mib / 1024:.1f}", f"{made.usd:.2f}", f"{made.usd_storage_month:.2f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join([*constants(), "", *predictions()]))  # noqa: T201

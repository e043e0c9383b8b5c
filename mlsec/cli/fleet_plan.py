"""``mlsec fleet plan``: what a scan would ask, how long it would take and what it would cost."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from mlsec.cli import console, exits
from mlsec.cli.fleet_words import counted, duration, size
from mlsec.core.sanitize import visible

if TYPE_CHECKING:
    from mlsec.fleet.config import FleetConfig, Target
    from mlsec.fleet.estimate import Estimate, Scopes


def plan(args: argparse.Namespace) -> int:
    """Find the scopes of each target, and estimate; nothing is written but to stdout."""
    from mlsec.fleet.config import read_config
    from mlsec.fleet.estimate import estimate

    config = read_config(args.config)
    progress = console.Progress()
    scopes: list[Scopes] = []
    try:
        for number, target in enumerate(config.targets):
            progress(f"looking for the scopes of {target.target}", number, len(config.targets))
            scopes += _scopes_of(target, args.deployments)
    finally:
        progress.close()
    lanes = _shared_lanes(config, scopes)
    whole = estimate(scopes, args.workers, lanes=lanes)
    alone = {
        name: estimate([s for s in scopes if s.provider == name], args.workers, lanes=lanes)
        for name in sorted({scope.provider for scope in scopes})
    }
    console.out("\n".join(_lines(config, scopes, whole, alone)))
    return exits.CLEAN


def _scopes_of(target: Target, deployments: int) -> list[Scopes]:
    from mlsec.fleet.estimate import REGIONS, Scopes
    from mlsec.fleet.settings import settings_of
    from mlsec.fleet.tasks.discover import find_parts
    from mlsec.fleet.tasks.shards import NAME, begun, scratch_folder
    from mlsec.targets.collectors import provider_of

    with scratch_folder() as scratch:
        settings = settings_of(target, scratch)
        with begun(scratch / NAME, settings) as snapshot:
            parts = find_parts(target, snapshot, settings)
    provider = provider_of(target.target)
    named = target.target.partition("://")[2].partition("/")[2]
    regions = len(named.split(",")) if named else REGIONS.get(provider, 1)
    return [
        Scopes(
            provider=provider,
            count=len(parts),
            regions=regions if provider == "aws" else 1,
            deployments=deployments,
        )
    ]


def _shared_lanes(config: FleetConfig, scopes: list[Scopes]) -> dict[str, int]:
    """Give the slots of what many scopes share: an Azure tenant, a quota project, a disk."""
    from mlsec.fleet.config import lane_slots

    names = {scope.provider for scope in scopes} - {"aws", "kubernetes"}
    return {name: lane_slots(config, name) for name in names}


def _lines(
    config: FleetConfig, scopes: list[Scopes], whole: Estimate, alone: dict[str, Estimate]
) -> list[str]:
    counts: Counter[str] = Counter()
    for scope in scopes:
        counts[scope.provider] += scope.count
    lines = [f"{visible(config.organisation)}: {counted(counts.total(), 'scope')}"]
    lines += ["  provider     scopes       units       calls    evidence"]
    for name, made in alone.items():
        lines.append(
            f"  {name:<10} {counts[name]:>8,}  {made.units:>10,}  {made.calls:>10,}"
            f"  {size(made.evidence_bytes):>10}"
        )
    asked = (
        f"{counted(whole.units, 'unit')}, about {counted(whole.calls, 'call')},"
        f" {duration(whole.cpu_s)} of CPU, {size(whole.evidence_bytes)} of evidence a night"
    )
    takes = (
        f"with {whole.slots} at once: {duration(whole.collect_s)} to collect (up to"
        f" {whole.worker_mib} MiB a unit), then {duration(whole.judge_s)} to judge about"
        f" {whole.resources:,} resources ({whole.judge_mib:,} MiB)"
    )
    costs = (
        f"computing costs about {whole.usd:.2f} USD a night, the evidence of seven nights"
        f" {whole.usd_storage_month:.2f} USD a month; docs/scale.md has the model and its prices"
    )
    return [*lines, asked, takes, costs]

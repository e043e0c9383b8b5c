"""What an assessment says of its scan: when, by whom, of what and with which settings."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import JudgedBy, ScanFacts
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.params import parameter_values
from mlsec.snapshot.facts import (
    COMMIT,
    IDENTITY,
    ORGANISATION,
    PRINCIPAL,
    SANDBOX,
    SANDBOX_MISSING,
    SETTINGS,
    decode_fact,
    facts_of,
)
from mlsec.snapshot.store import Snapshot


def scan_facts(
    snapshot: Snapshot,
    ruleset: RuleSet,
    *,
    command: str,
    judged_by: JudgedBy,
    fail_on: str,
    min_coverage_percent: float,
) -> ScanFacts:
    """Give what the evidence says of its own making, and what it is judged by."""
    meta, clock = snapshot.meta(), snapshot.clock()
    principals = facts_of(meta, PRINCIPAL)
    operations = Counter(f"{call.service}:{call.operation}" for call in snapshot.calls())
    return ScanFacts(
        targets=tuple(decode_fact(meta.get("targets", "[]"), list[str], "targets")),
        started_at=clock.get("started_at", ""),
        finished_at=clock.get("finished_at", ""),
        principal=_joined_names(principals) or clock.get("user", ""),
        principals=principals,
        host=clock.get("host", ""),
        identities=_by_target(clock, IDENTITY),
        commits=_by_target(clock, COMMIT),
        organisation=clock.get(ORGANISATION) or msgspec.UNSET,
        command=command,
        snapshot_digest=snapshot.seal(),
        calls=operations.total(),
        operations=dict(sorted(operations.items())),
        settings={**_settings(meta), **_sandbox(clock)},
        parameters=dict(sorted(parameter_values(ruleset).items())),
        judged_by=judged_by,
        fail_on=fail_on,
        min_coverage_percent=min_coverage_percent,
    )


def _by_target(clock: Mapping[str, str], mark: str) -> Mapping[str, str] | msgspec.UnsetType:
    keys = [key for key in clock if key.startswith(mark)]
    return {key.removeprefix(mark): clock[key] for key in sorted(keys)} or msgspec.UNSET


def sandbox_notice(snapshot: Snapshot) -> tuple[str, ...]:
    """Say what protection the processes that read files lacked; nothing where they had all."""
    missing = snapshot.clock().get(SANDBOX_MISSING)
    return (f"files were read with less protection than mlsec uses: {missing}",) if missing else ()


def _sandbox(clock: Mapping[str, str]) -> Mapping[str, str]:
    """How the processes that read files were confined; nothing where no file was read."""
    values = {"sandbox": clock.get(SANDBOX), "sandbox.missing": clock.get(SANDBOX_MISSING)}
    return {name: value for name, value in values.items() if value is not None}


def taken_at(snapshot: Snapshot) -> datetime.datetime:
    """Give the time the evidence was taken; now, where it does not say."""
    finished_at = snapshot.clock().get("finished_at", "")
    try:
        moment = datetime.datetime.fromisoformat(finished_at)
        return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return datetime.datetime.now(datetime.UTC)


def _joined_names(principals: Mapping[str, str]) -> str:
    """Name every principal the collection was signed in as, on one line."""
    if len(principals) < 2:
        return "".join(principals.values())
    return ", ".join(f"{provider}: {name}" for provider, name in principals.items())


def _settings(meta: Mapping[str, str]) -> Mapping[str, str]:
    """The settings of the collection; with several providers each is named with its own."""
    settings = facts_of(meta, SETTINGS)
    named: dict[str, str] = {}
    for provider, text in settings.items():
        values = decode_fact(text, dict[str, Any], SETTINGS)
        prefix = f"{provider}." if len(settings) > 1 else ""
        named |= {f"{prefix}{name}": str(value) for name, value in values.items()}
    return dict(sorted(named.items()))

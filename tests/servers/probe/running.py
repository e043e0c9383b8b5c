"""Probe a server of a test, and give what the scan would be judged by."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec import pipeline
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.model.rule import RuleSet
from mlsec.graph.build import build_graph
from mlsec.pipeline import load
from mlsec.servers.probe import reader
from mlsec.servers.probe.addresses import Resolver, system_resolver
from mlsec.servers.probe.collector import probe
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.target import parse_target
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot
from mlsec.targets.facts import FACTS

# Short enough for a test, long enough for a busy machine where nothing is slow on purpose.
QUICK = Limits(connect_s=10, handshake_s=10, answer_s=10, target_s=60)
# For servers that never come to an end.
HASTY = Limits(connect_s=5, handshake_s=0.4, answer_s=0.4, target_s=20)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe brought home."""

    resource: Resource
    gaps: tuple[Gap, ...]
    calls: tuple[Call, ...]
    kept: bytes
    findings: tuple[Finding, ...]
    passed: frozenset[str]

    def __getitem__(self, name: str) -> Any:
        return self.resource.properties[name]

    @property
    def failed(self) -> set[str]:
        return {each.rule for each in self.findings if each.status is Status.FAIL}

    @property
    def unknown(self) -> set[str]:
        return {each.rule for each in self.findings if each.status is Status.NOT_ASSESSED}

    @property
    def reasons(self) -> set[str]:
        return {gap.reason.value for gap in self.gaps}

    def door(self, path: str) -> str | None:
        found = [door for door in self["checked_paths"] if door["path"] == path]
        return found[0].get("state") if found else "no such door"


@functools.cache
def rules() -> RuleSet:
    return load(pipeline.Judging(select=("probe/*",)))


def look_at(
    url: str,
    folder: Path,
    *,
    limits: Limits = QUICK,
    resolver: Resolver = system_resolver,
    is_private_allowed: bool = False,
) -> Seen:
    """Probe ``url``; the snapshot is finished, opened again and judged."""
    path = folder / "probe.mlsnap"
    path.unlink(missing_ok=True)
    with Snapshot.create(path) as snapshot:
        snapshot.set_meta("salt", "5a17")
        target = parse_target(url)
        probe(target, snapshot, limits, resolver=resolver, is_private_allowed=is_private_allowed)
        snapshot.set_clock("finished_at", "2026-11-26T12:00:00Z")
        snapshot.finish()
    with Snapshot.open(path) as snapshot:
        calls = tuple(snapshot.calls())
        kept = b"\n".join(snapshot.payload_bytes(call.payload) for call in calls if call.payload)
        inventory = reader.read(snapshot, rules().vocabulary)
    graph = build_graph(rules().vocabulary, inventory, FACTS)
    judgement = assess(rules(), graph, clock=_now())
    return Seen(
        resource=inventory.resources[0],
        gaps=inventory.gaps,
        calls=calls,
        kept=kept,
        findings=tuple(judgement.findings),
        passed=frozenset(rule for rule, ids in judgement.passed.items() if ids),
    )


def resolves_to(*answers: Sequence[str]) -> tuple[Resolver, list[str]]:
    """Give a resolver that answers in turn, the last for ever, and what it was asked."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolver, asked


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)

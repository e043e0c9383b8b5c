"""Records made nights in a history and asks for pages of it; a child process of bench_history."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary, ScanFacts
from mlsec.core.catalogue import Fix
from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.digest import fingerprint
from mlsec.core.enums import Category, Concern, RuleStatus, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.history.place import read_place
from mlsec.history.queries import known_failures
from mlsec.history.store import History
from mlsec.web.pages import Pages
from mlsec.web.query import Query
from mlsec.web.source import Source

RULES, ACCOUNTS, NIGHTS = 200, 2_000, 3
_SEVERITIES, _CONCERNS = tuple(Severity), tuple(Concern)


def finding(number: int) -> Finding:
    """One failure of an organisation; its account, rule and severity follow from its number."""
    account, rule = number % ACCOUNTS, (number // ACCOUNTS) % RULES
    place = f"arn:aws:sagemaker:eu-west-1:{account:012}:endpoint/team-{number % 97}-{number}"
    return Finding(
        fingerprint=fingerprint(f"sagemaker/rule-{rule}", place),
        rule=f"sagemaker/rule-{rule}", status=Status.FAIL, severity=_SEVERITIES[rule % 5],
        category=Category.ACCESS, concern=_CONCERNS[rule % 5],
        message=f"what rule {rule} found is open to everybody outside of the account",
        resource=Subject(
            id=place, type="aws.sagemaker.endpoint", provider="aws", scope=f"aws/{account:012}",
            region="eu-west-1", name=f"team-{number % 97}-{number}", owner=f"team-{number % 97}",
        ),
    )  # fmt: skip


def night(day: int, findings: list[Finding], count: int) -> Assessment:
    """All but 0.5 % of the failures of the night before, and as many new ones."""
    step = count // 200
    first = (day - 1) * step
    gone = findings[first - step : first] if first else []
    passed: dict[str, tuple[str, ...]] = {}
    for one in gone[::2]:
        passed[one.rule] = (*passed.get(one.rule, ()), one.resource.id)
    rules = tuple(
        RuleSummary(
            id=f"sagemaker/rule-{rule}", title="t", severity=_SEVERITIES[rule % 5],
            category=Category.ACCESS, concern=_CONCERNS[rule % 5], status=RuleStatus.STABLE,
            resource="aws.sagemaker.endpoint", why="w", fix=Fix(text="f"),
        )
        for rule in range(RULES)
    )  # fmt: skip
    coverage = tuple(
        TypeCoverage(type="aws.sagemaker.endpoint", scope=f"aws/{account:012}", region="eu-west-1",
                     enumerated=9, assessed=9)
        for account in range(ACCOUNTS)
    )  # fmt: skip
    return Assessment(
        findings=tuple(findings[first : first + count]), passed=passed, rules=rules,
        coverage=coverage_of(coverage),
        scan=ScanFacts(targets=("aws",), finished_at=f"2026-11-{day:02}T08:00:00Z",
                       snapshot_digest=f"{day}"),
    )  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main(place_word: str, count: int, bytes_of: Callable[[], int]) -> dict[str, Any]:
    """Record the nights; give seconds, bytes and the median of the pages."""
    place = read_place(place_word)
    findings = [finding(number) for number in range(count + NIGHTS * count // 200)]
    nights, sizes = [], []
    for day in range(1, NIGHTS + 1):
        assessment = night(day, findings, count)
        with History(place, is_new_allowed=True) as history:
            nights.append(timed(lambda: history.record(assessment)))  # noqa: B023
        sizes.append(bytes_of())
    with History(place) as history:
        last = night(NIGHTS + 1, findings, count)
        marking = timed(lambda: history.marked(last))
        floor = timed(lambda: history.read(lambda rows: known_failures(rows, 1)))
    pages = Pages(Source(place, None, lambda _: night(1, [], 0)))
    asked = {
        "team": lambda: pages.home(Query(account=f"aws/{7:012}")),
        "team, by resource": lambda: pages.home(Query(account=f"aws/{7:012}", group="resource")),
        "critical of team": lambda: pages.home(Query(account=f"aws/{7:012}", severity="critical")),
        "all": lambda: pages.home(Query()),
        "accounts": pages.accounts,
        "trend": pages.trend,
    }
    laps = {
        name: [timed(ask)[0] for _ in range(7 if name.endswith("team") or name == "team" else 1)]
        for name, ask in asked.items()
    }
    return {
        "nights": nights, "sizes": sizes, "marking": marking, "floor": floor,
        "pages": {name: statistics.median(found) for name, found in laps.items()},
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _bytes_of(place_word: str) -> int:
    place = read_place(place_word)
    if isinstance(place, Path):
        return place.stat().st_size
    from mlsec.history.postgres import connect  # noqa: PLC0415 - an extra

    with connect(place) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    word = sys.argv[1]
    result = main(word, int(sys.argv[2]), lambda: _bytes_of(word))
    sys.stdout.write(msgspec.json.encode(result).decode())

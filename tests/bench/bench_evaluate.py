"""Evaluation with evidence at 10k and 100k resources, beside JSON decoding and Custodian."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.custodian import CHILD, custodian_python
from tests.bench.made_documents import made_lines, write_lines
from tests.bench.made_rules import TYPES, custodian_filters
from tests.bench.measure import Cost, middle, python_module, ratio, run_once, say, table

SIZES = {10_000: 7, 100_000: 3}
PEER_RESOURCES = 10_000
PEER_ROUNDS = 3


def main() -> None:
    """Measure and print."""
    clock = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as name:
        folder = Path(name)
        growth(folder, clock)
        beside_custodian(folder, clock)


def growth(folder: Path, clock: datetime) -> None:
    """One thread against the floor at each size."""
    rows = []
    for count, rounds in SIZES.items():
        path = folder / f"{count}.ndjson"
        size = write_lines(path, clock, count)
        found = msgspec.json.decode(
            _judging("compare", path, clock, "--rounds", str(rounds)).output
        )
        rows.append(_growth_row(count, size, found))
        path.unlink()
    table(
        "one thread, 30 rules per resource, evidence for every fail and not assessed (CPU)",
        ("resources", "KB each", "decode us", "orjson us", "judge us", "x decode", "x orjson",
         "rounds"),
        rows,
    )  # fmt: skip
    say("  decode/orjson: reading and decoding alone, untyped; judge: of decoded resources")


def _growth_row(count: int, size: int, found: dict[str, list[float]]) -> tuple[str, ...]:
    def us_each(name: str) -> str:
        return f"{middle(found[name]) / count * 1e6:.1f}" if name in found else "absent"

    against = f"{ratio(found['judge'], found['orjson']):.2f}" if "orjson" in found else "absent"
    return (
        f"{count:,}", f"{size / count / 1000:.2f}", us_each("msgspec"), us_each("orjson"),
        us_each("judge"), f"{ratio(found['judge'], found['msgspec']):.2f}", against,
        str(len(found["judge"])),
    )  # fmt: skip


def _judging(what: str, path: Path, clock: datetime, *more: str) -> Cost:
    command = python_module("tests.bench.judging", what, str(path), clock.isoformat(), *more)
    return run_once(command, sample_s=0.05)


def beside_custodian(folder: Path, clock: datetime) -> None:
    """The same rules and resources; first that both give the same verdicts, then the time."""
    python, reason = custodian_python()
    if python is None:
        say(f"\nCloud Custodian: skipped, {reason}")
        return
    filters = folder / "filters.json"
    filters.write_bytes(msgspec.json.encode(custodian_filters()))
    whole, some = folder / "whole.ndjson", folder / "some.ndjson"
    whole.write_bytes(b"".join(made_lines(clock, PEER_RESOURCES, missing=0)))
    some.write_bytes(b"".join(made_lines(clock, PEER_RESOURCES)))

    def peer(path: Path, mode: str, rounds: int) -> dict[str, Any]:
        command = [str(python), str(CHILD), str(filters), str(path), str(rounds), mode]
        return msgspec.json.decode(run_once(command).output)  # type: ignore[no-any-return]

    _say_agreement(
        msgspec.json.decode(_judging("verdicts", whole, clock).output),
        peer(whole, "verdicts", 1)["failed"],
    )
    _say_unread(_judging("verdicts", some, clock), peer(some, "verdicts", 1)["failed"])
    theirs: list[float] = []
    ours: list[float] = []
    for _ in range(PEER_ROUNDS):
        theirs.append(middle(peer(some, "time", 2)["seconds"]))
        found = msgspec.json.decode(_judging("compare", some, clock, "--rounds", "3").output)
        ours.append(middle(found["judge"]))
    version = peer(some, "time", 1)["version"]
    rows = [
        (name, f"{middle(seconds) / PEER_RESOURCES * 1e6:.1f}", f"{ratio(theirs, seconds):.1f}")
        for name, seconds in (
            (f"Cloud Custodian {version}: filters on decoded resources, no evidence", theirs),
            ("mlsec: judge decoded resources, with evidence", ours),
        )
    ]
    table(
        f"the same {len(TYPES) * 30} rules on {PEER_RESOURCES:,} resources (CPU, one thread)",
        ("", "us/resource", "Custodian's time / this"),
        rows,
    )


def _say_agreement(ours: dict[str, Any], theirs: dict[str, list[str]]) -> None:
    rules = {*ours["failed"], *theirs}
    apart = [rule for rule in rules if ours["failed"].get(rule, []) != theirs.get(rule, [])]
    if apart:
        raise SystemExit(f"not the same violations for {len(apart)} rules: {sorted(apart)[:3]}")
    count = sum(len(ids) for ids in ours["failed"].values())
    say(f"\nboth on {PEER_RESOURCES:,} complete resources: {count:,} violations, the same")


def _say_unread(ours: Cost, theirs: dict[str, list[str]]) -> None:
    found = msgspec.json.decode(ours.output)
    failed = {(rule, one) for rule, ids in found["failed"].items() for one in ids}
    extra = {(rule, one) for rule, ids in theirs.items() for one in ids} - failed
    unread = found["unread"]
    say(
        f"with 1 % of the data missing {unread:,} judgements cannot be made: mlsec says so for"
        f" each, Custodian calls {len(extra):,} of them violations and passes the rest in silence"
    )

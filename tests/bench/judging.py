"""What the evaluation benchmark runs in a process of its own: ``python -m tests.bench.judging``."""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.rules.rule import RuleSet
from mlsec.engine.stream import (
    byte_ranges,
    evaluate_files,
    evaluate_lines,
    evaluate_stream,
    lines_between,
)
from tests.bench.made_rules import write_rules


def main() -> None:
    """Run what is asked for and print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("compare", "decode", "judge", "verdicts"))
    parser.add_argument("lines", type=Path)
    parser.add_argument("clock", type=datetime.fromisoformat)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    if asked.what == "decode":
        found: dict[str, Any] = {"read": decode_ranges(asked.lines, asked.processes)}
    else:
        with tempfile.TemporaryDirectory() as folder:
            ruleset = write_rules(Path(folder))
        found = _judged(asked, ruleset)
    print(msgspec.json.encode(found).decode())  # noqa: T201


def _judged(asked: argparse.Namespace, ruleset: RuleSet) -> dict[str, Any]:
    match asked.what:
        case "compare":
            return compare(ruleset, asked.lines, asked.clock, asked.rounds)
        case "judge":
            counts = evaluate_files(
                ruleset, asked.lines, asked.clock, count, processes=asked.processes
            )
            return {"findings": sum(counts)}
        case _:
            return verdicts(ruleset, asked.lines, asked.clock)


def compare(ruleset: RuleSet, path: Path, clock: datetime, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each way over the same file, in turn, one thread."""
    decode = msgspec.json.Decoder(Resource).decode
    with path.open("rb") as file:
        some = [decode(line) for _, line in zip(range(10_000), file, strict=False)]
    ways: dict[str, Callable[[], Any]] = {
        "msgspec": lambda: decode_alone(path, msgspec.json.Decoder().decode),
        "all": lambda: evaluate_file(ruleset, path, clock),
        "judge 10k decoded": lambda: count(evaluate_stream(ruleset, some, clock)),
    }
    orjson = _orjson()
    if orjson is not None:
        ways["orjson"] = lambda: decode_alone(path, orjson)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            way()
            found[name].append(time.process_time() - started)
    return found


def decode_alone(path: Path, decode: Callable[[bytes], Any]) -> int:
    """The floor: read every line and decode it, untyped; nothing is kept."""
    read = 0
    with path.open("rb") as file:
        for line in file:
            decode(line)
            read += 1
    return read


def decode_ranges(path: Path, processes: int) -> int:
    """The floor of whole processes: the same ranges, read the same way and decoded, no more."""
    ranges = byte_ranges(path, processes)
    if len(ranges) <= 1:
        return sum(_decode_range(path, start, end) for start, end in ranges)
    with ProcessPoolExecutor(len(ranges)) as pool:
        pending = [pool.submit(_decode_range, path, start, end) for start, end in ranges]
        return sum(future.result() for future in pending)


def _decode_range(path: Path, start: int, end: int) -> int:
    decode = msgspec.json.Decoder().decode
    read = 0
    for line in lines_between(path, start, end):
        decode(line)
        read += 1
    return read


def evaluate_file(ruleset: RuleSet, path: Path, clock: datetime) -> int:
    """Judge every line with evidence in this process; give the number of findings."""
    with path.open("rb") as file:
        return count(evaluate_lines(ruleset, file, clock))


def count(findings: Iterator[Finding]) -> int:
    """Consume findings; each was built whole, with its evidence."""
    return sum(1 for _ in findings)


def verdicts(ruleset: RuleSet, path: Path, clock: datetime) -> dict[str, Any]:
    """Which resources violate each rule, and how many judgements lack their data."""
    failed: dict[str, list[str]] = {}
    unread = 0
    with path.open("rb") as file:
        for finding in evaluate_lines(ruleset, file, clock):
            if finding.status.value == "fail":
                failed.setdefault(finding.rule, []).append(finding.resource.id)
            else:
                unread += 1
    return {"failed": {rule: sorted(ids) for rule, ids in failed.items()}, "unread": unread}


def _orjson() -> Callable[[bytes], Any] | None:
    try:
        import orjson  # noqa: PLC0415 - not one of our dependencies
    except ImportError:
        return None
    return orjson.loads  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()

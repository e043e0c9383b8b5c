"""What the evaluation benchmark runs in a process of its own: ``python -m tests.bench.judging``."""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.coverage import Coverage
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.model.rule import RuleSet
from tests.bench.made_rules import write_rules


class Documents:
    """A graph without relations: resources by type."""

    coverage: Coverage = Coverage()

    def __init__(self, resources: Iterator[Resource]) -> None:
        self.by_type: dict[str, list[Resource]] = {}
        self.gaps: dict[str, Gap] = {}
        for resource in resources:
            self.by_type.setdefault(resource.type, []).append(resource)

    def of_type(self, name: str) -> tuple[Resource, ...]:
        """The resources of one type."""
        return tuple(self.by_type.get(name, ()))

    def note_gap(self, gap: Gap) -> str:
        """Remember why something could not be judged; gives the gap's id."""
        self.gaps[gap.id] = gap
        return gap.id

    def targets(self, resource: Resource, relation: str) -> Any:
        """Never called: the made rules read no relation."""
        raise AssertionError(f"{relation} of {resource.id}")


def main() -> None:
    """Run what is asked for and print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("compare", "verdicts"))
    parser.add_argument("lines", type=Path)
    parser.add_argument("clock", type=datetime.fromisoformat)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ruleset = write_rules(Path(folder))
    figures: dict[str, Any]
    if asked.what == "compare":
        figures = compare(ruleset, asked.lines, asked.clock, asked.rounds)
    else:
        figures = verdicts(ruleset, asked.lines, asked.clock)
    print(msgspec.json.encode(figures).decode())  # noqa: T201


def compare(ruleset: RuleSet, path: Path, clock: datetime, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each way over the same file, in turn, one thread."""
    graph = Documents(_decoded(path))
    ways: dict[str, Callable[[], Any]] = {
        "msgspec": lambda: decode_alone(path, msgspec.json.Decoder().decode),
        "judge": lambda: assess(ruleset, graph, clock=clock),
    }
    orjson = _orjson()
    if orjson is not None:
        ways["orjson"] = lambda: decode_alone(path, orjson)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            way()
            seconds[name].append(time.process_time() - started)
    return seconds


def decode_alone(path: Path, decode: Callable[[bytes], Any]) -> int:
    """The floor: read every line and decode it, untyped; nothing is kept."""
    read = 0
    with path.open("rb") as file:
        for line in file:
            decode(line)
            read += 1
    return read


def verdicts(ruleset: RuleSet, path: Path, clock: datetime) -> dict[str, Any]:
    """Which resources violate each rule, and how many judgements lack their data."""
    failed: dict[str, list[str]] = {}
    unread = 0
    findings: tuple[Finding, ...] = assess(ruleset, Documents(_decoded(path)), clock=clock).findings
    for finding in findings:
        if finding.status.value == "fail":
            failed.setdefault(finding.rule, []).append(finding.resource.id)
        else:
            unread += 1
    return {"failed": {rule: sorted(ids) for rule, ids in failed.items()}, "unread": unread}


def _decoded(path: Path) -> Iterator[Resource]:
    decode = msgspec.json.Decoder(Resource).decode
    with path.open("rb") as file:
        yield from map(decode, file)


def _orjson() -> Callable[[bytes], Any] | None:
    try:
        import orjson  # noqa: PLC0415 - not one of our dependencies
    except ImportError:
        return None
    return orjson.loads  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()

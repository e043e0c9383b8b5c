"""Judge documents one by one with bounded memory: big inputs, rules without relations."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.closed_sets import Status
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.compile import FastPass, compile_rules
from mlsec.engine.evaluate import Evaluator
from mlsec.engine.findings import finding_of, subject_of
from mlsec.engine.footprint import walk
from mlsec.engine.rule import Quantifier, Rule, RuleSet

MIN_SHARE_BYTES = 1 << 20


class _Alone:
    """Stands for the graph of a document that is judged alone; its rules ask for no relation."""

    def targets(self, resource: Resource, relation: str) -> Any:
        """Never called: rules that read relations are left out of a stream."""
        raise MlsecError(f"a stream has no relations ({relation} of {resource.id})")


def evaluate_stream(
    ruleset: RuleSet, documents: Iterable[Resource], clock: datetime
) -> Iterator[Finding]:
    """Yield the findings (fail, not_assessed) of each document in turn.

    Rules that read relations need the whole graph and are left out (``relation_rules`` names them).
    """
    judge = _judge_of(ruleset, clock)
    for resource in documents:
        yield from judge(resource)


def evaluate_lines(ruleset: RuleSet, lines: Iterable[bytes], clock: datetime) -> Iterator[Finding]:
    """As ``evaluate_stream``, for resources as lines of JSON.

    Raises:
        MlsecError: a line is not a resource.
    """
    judge = _judge_of(ruleset, clock)
    decode = msgspec.json.Decoder(Resource).decode
    for number, line in enumerate(lines):
        try:
            resource = decode(line)
        except msgspec.MsgspecError as error:
            if not line.strip():
                continue
            message = f"not a resource: {error}"
            raise MlsecError(message, location=f"line {number + 1}") from None
        yield from judge(resource)


def evaluate_files(
    ruleset: RuleSet,
    path: Path,
    clock: datetime,
    work: Callable[[Iterator[Finding]], Any],
    *,
    processes: int = 2,
) -> list[Any]:
    """Judge one file of JSON lines in several processes, each a range of bytes.

    ``work`` (a module-level function) consumes the findings of one range inside its process and
    returns what is wanted of them (a count, the path of a written shard); the results come back
    in the order of the ranges.
    """
    ranges = byte_ranges(path, processes)
    if len(ranges) <= 1:
        return [_judge_range(ruleset, path, start, end, clock, work) for start, end in ranges]
    with ProcessPoolExecutor(len(ranges)) as pool:
        pending = [
            pool.submit(_judge_range, ruleset, path, start, end, clock, work)
            for start, end in ranges
        ]
        return [future.result() for future in pending]


def relation_rules(ruleset: RuleSet) -> tuple[Rule, ...]:
    """The rules that a stream leaves out because they read relations."""
    return tuple(rule for rule in ruleset.rules if _reads_relations(rule))


def byte_ranges(path: Path, count: int) -> list[tuple[int, int]]:
    """Split a file of lines into up to ``count`` ranges [start, end) that hold whole lines."""
    size = path.stat().st_size
    share = max(MIN_SHARE_BYTES, -(-size // max(count, 1)))
    ranges = []
    with path.open("rb") as file:
        start = 0
        while start < size:
            file.seek(min(start + share, size))
            file.readline()
            end = file.tell()
            ranges.append((start, end))
            start = end
    return ranges


def _judge_range(
    ruleset: RuleSet,
    path: Path,
    start: int,
    end: int,
    clock: datetime,
    work: Callable[[Iterator[Finding]], Any],
) -> Any:
    return work(evaluate_lines(ruleset, _lines(path, start, end), clock))


def _lines(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        view.seek(start)
        while view.tell() < end:
            yield view.readline()


def _judge_of(ruleset: RuleSet, clock: datetime) -> Callable[[Resource], list[Finding]]:
    alone = tuple(rule for rule in ruleset.rules if not _reads_relations(rule))
    plans = compile_rules(msgspec.structs.replace(ruleset, rules=alone))
    evaluator = Evaluator(ruleset.vocabulary, _Alone(), clock.timestamp())

    def judge(resource: Resource) -> list[Finding]:
        plan = plans.get(resource.type)
        if plan is None or resource.is_stub:
            return []
        return _findings(plan, resource, evaluator)

    return judge


def _findings(plan: FastPass, resource: Resource, evaluator: Evaluator) -> list[Finding]:
    proof = plan.prove(resource, evaluator.now_s)
    subject = subject_of(resource)
    found = [plan.failure(index).finding(resource, subject, value) for index, value in proof.failed]
    undecided: list[tuple[int, list[int] | None]] = [(index, None) for index in proof.is_open]
    for index, only in (*undecided, *proof.suspects):
        rule = plan.rules[index]
        verdict = evaluator.judge(rule, resource, only)
        if verdict.status in (Status.FAIL, Status.NOT_ASSESSED):
            found.append(finding_of(rule, resource, verdict))
    return found


def _reads_relations(rule: Rule) -> bool:
    parts = (part for condition in (rule.must, rule.when) for part, _ in walk(condition))
    return any(isinstance(part, Quantifier) and part.is_relation for part in parts)

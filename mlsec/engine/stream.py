"""Judge documents one by one with bounded memory: big inputs, rules without relations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.resource import Resource
from mlsec.engine.assessment.proof_findings import judged_findings, settled_findings
from mlsec.engine.compiler.compile import compile_rules
from mlsec.engine.compiler.projection import slim_decoder
from mlsec.engine.evaluation.evaluate import Evaluator
from mlsec.engine.rules.footprint import reads_relations
from mlsec.engine.rules.rule import Rule, RuleSet

MIN_SHARE_BYTES = 1 << 20
READ_BYTES = 1 << 18


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
    judge = StreamJudge(ruleset, clock).resource
    for resource in documents:
        yield from judge(resource)


def evaluate_lines(ruleset: RuleSet, lines: Iterable[bytes], clock: datetime) -> Iterator[Finding]:
    """As ``evaluate_stream``, for resources as lines of JSON.

    Raises:
        MlsecError: a line is not a resource.
    """
    judge = StreamJudge(ruleset, clock).line
    for number, line in enumerate(lines):
        try:
            found = judge(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if not line.strip():
                continue
            message = f"not a resource: {error}"
            raise MlsecError(message, location=f"line {number + 1}") from None
        yield from found


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
    return tuple(rule for rule in ruleset.rules if reads_relations(rule))


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
    return work(evaluate_lines(ruleset, lines_between(path, start, end), clock))


def lines_between(path: Path, start: int, end: int) -> Iterator[bytes]:
    """The lines of one range; ``start`` and ``end`` are as ``byte_ranges`` gives them."""
    # Read, not mapped: pages of a mapped file count as resident, and there are gigabytes of them.
    with path.open("rb", buffering=READ_BYTES) as file:
        file.seek(start)
        for line in file:
            yield line
            start += len(line)
            if start >= end:
                return


class StreamJudge:
    """Judges documents one by one at one clock value."""

    def __init__(self, ruleset: RuleSet, clock: datetime) -> None:
        alone = tuple(rule for rule in ruleset.rules if not reads_relations(rule))
        self.plans = compile_rules(msgspec.structs.replace(ruleset, rules=alone))
        self.evaluator = Evaluator(ruleset.vocabulary, _Alone(), clock.timestamp())
        self.now_s = clock.timestamp()
        self.decode_whole = msgspec.json.Decoder(Resource).decode
        slims = [(plan.slim, plan) for plan in self.plans.values()]
        self.plan_of = {slim.struct: plan for slim, plan in slims if slim is not None}
        structs = list(self.plan_of)
        self.decode_slim = slim_decoder(structs).decode if structs else self.decode_whole

    def resource(self, resource: Resource) -> list[Finding]:
        """The findings of one whole resource."""
        plan = self.plans.get(resource.type)
        if plan is None or resource.is_stub:
            return []
        proof = plan.prove(resource, self.now_s)
        return settled_findings(plan, proof, resource, resource.type) + list(
            judged_findings(plan, proof, resource, self.evaluator)
        )

    def line(self, line: bytes) -> list[Finding]:
        """The findings of one resource as JSON.

        Raises:
            msgspec.MsgspecError, UnicodeDecodeError: it is not a resource.
        """
        try:
            slim = self.decode_slim(line)
        except (msgspec.ValidationError, UnicodeDecodeError):
            return self.resource(self.decode_whole(line))
        plan = self.plan_of.get(type(slim))
        if plan is None:
            return self.resource(slim)
        # What the decoder skips it does not read as text.
        if not line.isascii():
            str(line, "utf-8")
        if slim.is_stub:
            return []
        proof = plan.prove_slim(slim, self.now_s)
        found = settled_findings(plan, proof, slim, plan.owner.name)
        if proof.is_open or proof.suspects:
            whole = self.decode_whole(line)
            found += judged_findings(plan, proof, whole, self.evaluator)
        return found

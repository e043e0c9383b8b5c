"""The whole flow on one screen: targets, evidence, inventory, graph, judgement, assessment."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlsec import __version__
from mlsec.collect.code.code_file import FILE_TYPE
from mlsec.core.assessment import Assessment, ChangeLimit, JudgedBy, ScanFacts
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Profile
from mlsec.core.external_finding import ExternalReport
from mlsec.core.named_file import read_named_file
from mlsec.core.resource import Gap, Inventory, is_of_code
from mlsec.core.sanitize import visible
from mlsec.engine.assessment.assembly import assemble
from mlsec.engine.assessment.assess import Judgement, Merge, assess
from mlsec.engine.assessment.change_filter import Before, Limiting, limit_judgement
from mlsec.engine.assessment.external_findings import external_rules, merge_external
from mlsec.engine.assessment.folding import Folder
from mlsec.engine.assessment.scan_facts import sandbox_notice, scan_facts, taken_at
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.params import apply_overrides, changed_parameters, load_overrides
from mlsec.engine.rules.selection import keep_framework, keep_profile, load_selected
from mlsec.engine.waivers.comment_waivers import comment_waivers
from mlsec.engine.waivers.waivers import load_waivers
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.graph.model_files import model_files
from mlsec.model_files.selection import folders_that_decide
from mlsec.repository.folders.classes import BY_NAME, CLASSES
from mlsec.repository.folders.files import FileClasses
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collection import collect
from mlsec.targets.facts import FACTS
from mlsec.targets.reading import (
    EXTERNAL_TOOLS,
    join,
    read_comment_waivers,
    read_external,
    read_inventory,
    read_inventory_before,
)

if TYPE_CHECKING:
    from mlsec.repository.changes.change import Change

__all__ = ["Judging", "collect", "judge", "load"]

Say = Callable[[str, int, int], None]


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """By what a snapshot is judged. ``now`` None means the time the evidence was taken.

    With a ``change`` only what that touches is shown and counts. ``profile`` None means all
    rules. ``baseline_digest`` is recorded. ``unfolded`` are classes of folders that count, or
    ``all``.
    """

    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    framework: str = ""
    profile: Profile | None = None
    params: Path | None = None
    waivers: Path | None = None
    now: datetime.datetime | None = None
    command: str = ""
    fail_on: str = "high"
    min_coverage_percent: float = 100.0
    change: Change | None = None
    baseline_digest: str = ""
    unfolded: tuple[str, ...] = ()


def load(judging: Judging) -> RuleSet:
    """Load the rules with an organisation's own folders, choice and parameters."""
    ruleset = load_selected(content_folder("rules"), judging.rules, judging.select)
    if judging.params is not None:
        ruleset = apply_overrides(ruleset, load_overrides(judging.params, ruleset))
    if judging.framework:
        ruleset = keep_framework(ruleset, judging.framework)
    if judging.profile is not None:
        ruleset = keep_profile(ruleset, judging.profile, judging.select)
    return ruleset


def judge(snapshot: Snapshot, ruleset: RuleSet, judging: Judging, say: Say) -> Assessment:
    """Judge evidence; no network, and the same evidence and rules give the same assessment."""
    external, external_inventory = read_external(snapshot)
    inventory = join([read_inventory(snapshot, ruleset.vocabulary), external_inventory])
    say("joining what was found", 0, 0)
    clock, facts = judging.now or taken_at(snapshot), _facts(snapshot, ruleset, judging)
    in_code, notices = comment_waivers(read_comment_waivers(snapshot, inventory))
    _let_go(snapshot, inventory)
    graph = build_graph(ruleset.vocabulary, inventory, FACTS, clock)
    inventory = msgspec.structs.replace(inventory, resources=graph.collected)
    waivers = load_waivers(judging.waivers) if judging.waivers else ()
    judgement = assess(
        ruleset,
        graph,
        clock=clock,
        waivers=(*waivers, *in_code),
        merge=_merging(external, inventory, ruleset),
        keeps_observed=True,
        progress=lambda done, known: say("judging", done, known),
    )
    gaps, limit = _relevant_gaps(graph, inventory, judgement), None
    coverage, files, met = graph.coverage, model_files(graph), sorted(graph.notices)
    del graph  # of a thousand accounts it takes gigabytes, which what follows can use
    folded = _folder(snapshot, inventory, ruleset, judging).fold(judgement, gaps, coverage)
    judgement, gaps = folded.judgement, folded.gaps
    if judging.change is not None:
        say("reading the code as it was", 0, 0)
        earlier = read_inventory_before(snapshot, ruleset.vocabulary, judging.change)
        before = _judge_before(earlier, ruleset, clock)
        limiting = _limiting(judging.change, before, inventory)
        judgement, gaps, limit = limit_judgement(judgement, limiting, gaps, folded.coverage)
    del inventory
    assessment = assemble(
        ruleset,
        judgement,
        version=__version__,
        scan=facts,
        coverage=folded.coverage,
        gaps=gaps,
        is_whole=limit is None,
    )
    said = (*_notices_of(snapshot, limit), *_choices(ruleset, judging))
    return msgspec.structs.replace(
        assessment,
        rules=(*assessment.rules, *external_rules(external, ruleset, judgement.counts)),
        model_files=files,
        limit=limit,
        folding=folded.folding,
        notices=(*said, *met, *judgement.notices, *notices),
    )


def _let_go(snapshot: Snapshot, inventory: Inventory) -> None:
    """Forget the calls of what is mapped: only where there is code are they looked at again."""
    if not any(item.type == FILE_TYPE for item in inventory.resources):
        snapshot.forget_calls()


def _merging(external: Sequence[ExternalReport], inventory: Inventory, ruleset: RuleSet) -> Merge:
    """Give what puts the findings of other tools with ours."""
    blocks = tuple(item for item in inventory.resources if item.type != FILE_TYPE)
    return lambda findings, passed: merge_external(external, blocks, ruleset, findings, passed)


def _folder(snapshot: Snapshot, inventory: Inventory, ruleset: RuleSet, judging: Judging) -> Folder:
    files, joins = FileClasses(snapshot, inventory.resources), judging.change is None
    return Folder(
        CLASSES, files, inventory.resources, ruleset, _unfolded(judging), joins_families=joins
    )


def _unfolded(judging: Judging) -> tuple[str, ...]:
    return tuple(BY_NAME) if "all" in judging.unfolded else judging.unfolded


def _facts(snapshot: Snapshot, ruleset: RuleSet, judging: Judging) -> ScanFacts:
    return scan_facts(
        snapshot,
        ruleset,
        command=judging.command,
        judged_by=_judged_by(judging),
        fail_on=judging.fail_on,
        min_coverage_percent=judging.min_coverage_percent,
    )


def _judged_by(judging: Judging) -> JudgedBy:
    """Say what beside the rules decides, so that the same evidence can be judged so again."""
    now = judging.now.astimezone(datetime.UTC).isoformat() if judging.now else ""
    waivers = read_named_file(judging.waivers) if judging.waivers else None
    return JudgedBy(
        framework=judging.framework,
        profile="" if judging.profile is None else judging.profile.value,
        select=judging.select,
        waivers="" if waivers is None else hashlib.sha256(waivers).hexdigest(),
        baseline=judging.baseline_digest,
        unfolded=judging.unfolded or msgspec.UNSET,
        now=now.replace("+00:00", "Z"),
    )


def _limiting(change: Change, before: Before, inventory: Inventory) -> Limiting:
    """Say what a change touches, and by which files that is decided for each resource."""
    resources = inventory.resources
    return Limiting(
        change=change,
        before=before,
        declared={item.id: item.origin.file for item in resources if item.origin.file},
        models=frozenset(item.id for item in resources if item.provider == "files"),
        folders=folders_that_decide(resources),
    )


def _notices_of(snapshot: Snapshot, limit: ChangeLimit | None) -> tuple[str, ...]:
    """What a reader has to know before any finding: what is not shown, and how files were read."""
    summary = () if limit is None else (limit.summary,)
    return (*summary, *sandbox_notice(snapshot))


def _choices(ruleset: RuleSet, judging: Judging) -> tuple[str, ...]:
    """Say what was chosen for the scan: rules that did not run, values that are not usual."""
    chosen = [f"only rules that link to {judging.framework} ran"] if judging.framework else []
    if judging.select:
        chosen.append(f"only rules chosen by --select ran: {', '.join(judging.select)}")
    changed = changed_parameters(ruleset)
    chosen += [f"{name} is {value}, not {usual}" for name, (value, usual) in changed.items()]
    return (*ruleset.notices, *(visible(notice, 1000) for notice in chosen))


def _judge_before(inventory: Inventory, ruleset: RuleSet, clock: datetime.datetime) -> Before:
    """Judge what was there before a change by the same rules."""
    graph = build_graph(ruleset.vocabulary, inventory, FACTS, clock)
    judgement = assess(ruleset, graph, clock=clock)
    return Before(
        verdicts=frozenset((item.fingerprint, item.status) for item in judgement.findings),
        gaps=frozenset(gap.id for gap in _relevant_gaps(graph, inventory, judgement)),
        unasked=EXTERNAL_TOOLS,
    )


def _relevant_gaps(graph: Graph, inventory: Inventory, judgement: Judgement) -> tuple[Gap, ...]:
    """Give every gap of the collection, and of those met in joining the ones that a rule met."""
    relevant = {gap for finding in judgement.findings for gap in finding.gaps}
    # Much of code is known only once it is applied; what no rule asked for hides nothing.
    relevant.update(gap.id for gap in inventory.gaps if not is_of_code(gap))
    relevant.update(gap for row in graph.coverage.rows for gap in row.gaps)
    return tuple(gap for key, gap in graph.gaps.items() if key in relevant)

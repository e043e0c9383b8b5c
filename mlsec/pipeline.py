"""The whole flow on one screen: targets, collect, snapshot, graph, evaluate, assessment."""

from __future__ import annotations

import datetime
import os
import platform
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec import __version__
from mlsec.collect.code.code_file import FILE_TYPE
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment, ScanFacts
from mlsec.core.content_paths import content_folder
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, Inventory, is_of_code
from mlsec.core.waiver_note import WaiverNote
from mlsec.engine.assessment.assembly import assemble
from mlsec.engine.assessment.assess import assess
from mlsec.engine.assessment.change_filter import Before, Limiting, limit_judgement
from mlsec.engine.assessment.external_findings import foreign_rules, merge_foreign
from mlsec.engine.loading.params import apply_overrides, load_overrides, parameter_values
from mlsec.engine.loading.selection import load_selected
from mlsec.engine.rules.rule import RuleSet
from mlsec.engine.waivers.comment_waivers import inline_waivers
from mlsec.engine.waivers.waivers import load_waivers
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.graph.model_files import model_files
from mlsec.repository.checkov.reader import read as read_foreign
from mlsec.snapshot.facts import PRINCIPAL, SETTINGS, facts_of, providers_of
from mlsec.snapshot.store import Snapshot, files_of
from mlsec.targets.collectors import COLLECTORS, provider_of
from mlsec.targets.facts import FACTS

if TYPE_CHECKING:
    from mlsec.repository.changes.change import Change

Say = Callable[[str, int, int], None]


class Judging(msgspec.Struct, frozen=True, kw_only=True):
    """By what a snapshot is judged. ``now`` None means the time the evidence was taken.

    With a ``change`` only what that touches is shown and counts.
    """

    rules: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    params: Path | None = None
    waivers: Path | None = None
    now: datetime.datetime | None = None
    command: str = ""
    fail_on: str = "high"
    min_coverage_percent: float = 100.0
    change: Change | None = None


def load(judging: Judging) -> RuleSet:
    """Load the rules with an organisation's own folders, choice and parameters."""
    ruleset = load_selected(content_folder("rules"), judging.rules, judging.select)
    if judging.params is None:
        return ruleset
    return apply_overrides(ruleset, load_overrides(judging.params, ruleset))


def collect(
    targets: tuple[str, ...], evidence: Path, settings: CollectSettings, *, resume: bool, say: Say
) -> None:
    """Take evidence from live targets into the snapshot file ``evidence``."""
    _check_sign_ins(targets, settings)
    try:
        evidence.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlsecError(f"cannot be written: {reason}", location=str(evidence.parent)) from None
    # A target that holds the evidence is not judged by it.
    settings = msgspec.structs.replace(settings, written=settings.written | files_of(evidence))
    opened = Snapshot.resume(evidence) if resume else Snapshot.create(evidence)
    with opened as snapshot:
        snapshot.set_clock("host", _host())
        snapshot.set_meta("targets", msgspec.json.encode(targets).decode())
        for target in targets:
            COLLECTORS[provider_of(target)].collect(
                target, snapshot, settings, lambda done, known, what: say(what, done, known)
            )
        snapshot.finish()


def _check_sign_ins(targets: tuple[str, ...], settings: CollectSettings) -> None:
    """An expired sign-in to one cloud should not show after an hour in another."""
    checks = {target: COLLECTORS[provider_of(target)].check for target in targets}
    named = [(target, check) for target, check in checks.items() if check is not None]
    for target, check in named if len(named) > 1 else ():
        check(target, settings)


def judge(snapshot: Snapshot, ruleset: RuleSet, judging: Judging, say: Say) -> Assessment:
    """Judge evidence; no network, and the same evidence and rules give the same assessment."""
    foreign, extra = read_foreign(snapshot)
    inventory = _joined([read(snapshot, ruleset), extra])
    say("joining what was found", 0, 0)
    graph = build_graph(ruleset.vocabulary, inventory, FACTS)
    clock = judging.now or _taken_at(snapshot)
    blocks = tuple(one for one in inventory.resources if one.type != FILE_TYPE)
    in_code, notices = inline_waivers(_notes(snapshot, inventory))
    judgement = assess(
        ruleset,
        graph,
        clock=clock,
        waivers=(*(load_waivers(judging.waivers) if judging.waivers else ()), *in_code),
        merge=lambda findings, passed: merge_foreign(foreign, blocks, ruleset, findings, passed),
        progress=lambda done, known: say("judging", done, known),
    )
    gaps, limit = _telling(graph, inventory, judgement.findings), None
    if judging.change is not None:
        before = _before(snapshot, ruleset, judging.change, clock, say)
        declared = {one.id: one.origin.file for one in inventory.resources if one.origin.file}
        limiting = Limiting(change=judging.change, before=before, declared=declared)
        judgement, gaps, limit = limit_judgement(judgement, limiting, gaps, graph.coverage)
    assessment = assemble(
        ruleset,
        ruleset.frameworks,
        judgement,
        version=__version__,
        scan=_facts(snapshot, ruleset, judging),
        coverage=graph.coverage,
        gaps=gaps,
    )
    return msgspec.structs.replace(
        assessment,
        rules=(*assessment.rules, *foreign_rules(foreign, ruleset, judgement.counts)),
        model_files=model_files(graph),
        limit=limit,
        notices=(*(() if limit is None else (limit.told,)), *judgement.notices, *notices),
    )


def _notes(snapshot: Snapshot, inventory: Inventory) -> tuple[WaiverNote, ...]:
    """The waivers that stand in the code."""
    from mlsec.repository.comment_waivers import waiver_notes  # noqa: PLC0415 - only where there is code

    has_code = any(call.service == "code" for call in snapshot.calls())
    return waiver_notes(snapshot, inventory.resources) if has_code else ()


def _before(
    snapshot: Snapshot, ruleset: RuleSet, change: Change, clock: datetime.datetime, say: Say
) -> Before:
    """Judge the code as it was before a change, beside everything else as it is now."""
    from mlsec.repository.changes.before import record_before  # noqa: PLC0415 - few scans ask for it

    say("reading the code as it was", 0, 0)
    with TemporaryDirectory(prefix="mlsec-") as scratch:
        with Snapshot.create(Path(scratch) / "before.mlsnap") as held:
            record_before(change, held)
            held.finish()
        with Snapshot.open(Path(scratch) / "before.mlsnap") as held:
            code = COLLECTORS["code"].read(held, ruleset.vocabulary)
    inventory = _joined([read(snapshot, ruleset, but="code"), code])
    graph = build_graph(ruleset.vocabulary, inventory, FACTS)
    judgement = assess(ruleset, graph, clock=clock)
    return Before(
        verdicts=frozenset((one.fingerprint, one.status) for one in judgement.findings),
        gaps=frozenset(gap.id for gap in _telling(graph, inventory, judgement.findings)),
        unasked=frozenset({"checkov"}),
    )


def _telling(graph: Graph, inventory: Inventory, findings: Iterable[Finding]) -> tuple[Gap, ...]:
    """Give every gap of the collection, and of those that joining met the ones that mattered."""
    mattered = {gap for finding in findings for gap in finding.gaps}
    # Much of code is known only once it is applied; what no rule asked for hides nothing.
    mattered.update(gap.id for gap in inventory.gaps if not is_of_code(gap))
    mattered.update(gap for row in graph.coverage for gap in row.gaps)
    return tuple(gap for key, gap in graph.gaps.items() if key in mattered)


def read(snapshot: Snapshot, ruleset: RuleSet, *, but: str = "") -> Inventory:
    """Turn evidence into resources, whoever it came from, ``but`` one provider."""
    asked = {call.scope.partition("/")[0] for call in snapshot.calls()}
    # A provider that answered no call has left what it could not read among its places.
    providers = sorted(asked | {*providers_of(snapshot.meta())})
    return _joined(
        [COLLECTORS[name].read(snapshot, ruleset.vocabulary) for name in providers if name != but]
    )


def _joined(parts: Sequence[Inventory]) -> Inventory:
    return Inventory(
        resources=tuple(resource for part in parts for resource in part.resources),
        gaps=tuple(gap for part in parts for gap in part.gaps),
        coverage=tuple(row for part in parts for row in part.coverage),
    )


@contextmanager
def open_evidence(path: Path) -> Iterator[Snapshot]:
    """Open a snapshot file, or its readable twin (a folder of JSON Lines)."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise MlsecError(f"cannot be read: {error.strerror}", location=str(path)) from None
    if is_folder:
        from mlsec.snapshot.folder import import_folder  # noqa: PLC0415

        with TemporaryDirectory(prefix="mlsec-") as scratch:
            twin = Path(scratch) / "evidence.mlsnap"
            import_folder(path, twin)
            with Snapshot.open(twin) as snapshot:
                yield snapshot
    else:
        with Snapshot.open(path) as snapshot:
            yield snapshot


def _facts(snapshot: Snapshot, ruleset: RuleSet, judging: Judging) -> ScanFacts:
    meta, clock = snapshot.meta(), snapshot.clock()
    principals = facts_of(meta, PRINCIPAL)
    operations = Counter(f"{call.service}:{call.operation}" for call in snapshot.calls())
    return ScanFacts(
        targets=tuple(msgspec.json.decode(meta.get("targets", "[]"), type=list[str])),
        started_at=clock.get("started_at", ""),
        finished_at=clock.get("finished_at", ""),
        principal=_together(principals) or clock.get("user", ""),
        principals=principals,
        host=clock.get("host", ""),
        command=judging.command,
        snapshot_digest=snapshot.seal(),
        calls=operations.total(),
        operations=dict(sorted(operations.items())),
        settings=_settings(meta),
        parameters=dict(sorted(parameter_values(ruleset).items())),
        fail_on=judging.fail_on,
        min_coverage_percent=judging.min_coverage_percent,
    )


def _together(principals: Mapping[str, str]) -> str:
    """One line that names everybody in whose name was asked."""
    if len(principals) < 2:
        return "".join(principals.values())
    return ", ".join(f"{provider}: {name}" for provider, name in principals.items())


def _settings(meta: Mapping[str, str]) -> Mapping[str, str]:
    """The settings of the collection; with several providers each is named with its own."""
    held = facts_of(meta, SETTINGS)
    found: dict[str, str] = {}
    for provider, text in held.items():
        each: dict[str, Any] = msgspec.json.decode(text)
        prefix = f"{provider}." if len(held) > 1 else ""
        found |= {f"{prefix}{name}": str(value) for name, value in each.items()}
    return dict(sorted(found.items()))


def _taken_at(snapshot: Snapshot) -> datetime.datetime:
    taken_at = snapshot.clock().get("finished_at", "")
    try:
        return datetime.datetime.fromisoformat(taken_at)
    except ValueError:
        return datetime.datetime.now(datetime.UTC)


def _host() -> str:
    """Where the evidence is taken: the CI job's address, else the machine's name."""
    server, repository, run = (
        os.environ.get(name, "")
        for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or platform.node()

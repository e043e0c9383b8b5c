"""results.sarif: SARIF 2.1.0 within the limits of code-scanning services; the archive besides."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.render import tally
from mlsec.render.locations import Inventory, build_inventory
from mlsec.render.sarif.baseline import absent_results, group_state, was_there, with_state
from mlsec.render.sarif.results import (
    archived_result,
    finding_result,
    passed_result,
    remainder_result,
)
from mlsec.render.sarif.rules import alert_id
from mlsec.render.sarif.run import Result, RunPart, run_chunks
from mlsec.render.sarif.scope_facts import ScopeFacts
from mlsec.render.settings import DEFAULT, INVENTORY_FILE, RenderSettings
from mlsec.render.upload_limits import (
    RESULTS_PER_RUN,
    grouped_notice,
    left_out_notices,
    open_by_scope,
    split_for_upload,
    unread_notices,
)
from mlsec.render.wording import Wording

RUNS_PER_FILE = 20
_GZIP_BYTES_PER_FILE = 7_000_000
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

Files = dict[str, Iterable[bytes]]


def render_sarif(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the first (for most scans, the only) upload file."""
    return b"".join(next(iter(sarif_files(assessment, settings).values())))


def sarif_files(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Files:
    """Write the upload files and the inventory file they point into, by file name, in pieces.

    Open failures only. More than 20 scopes, or more than a service takes at once, go on in
    results-2.sarif and so on.
    """
    inventory = build_inventory(assessment, settings.sarif_inventory)
    parts = _upload_parts(assessment, inventory)
    files = _pack(parts, assessment, "results", settings.help_base)
    return files | {INVENTORY_FILE: (inventory.payload(),)}


def render_sarif_full(assessment: Assessment, settings: RenderSettings = DEFAULT) -> bytes:
    """Write the first archive file."""
    return b"".join(next(iter(sarif_full_files(assessment, settings).values())))


def sarif_full_files(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Files:
    """Write everything for an archive, not for upload: passes, waived and unread ones too."""
    inventory = build_inventory(assessment, settings.sarif_inventory)
    parts = _archive_parts(assessment, inventory)
    files = _pack(parts, assessment, "results-full", settings.help_base)
    return files | {INVENTORY_FILE: (inventory.payload(),)}


def _upload_parts(assessment: Assessment, inventory: Inventory) -> list[RunPart]:
    wording = Wording(assessment.catalogue)
    by_scope, named = open_by_scope(assessment), _namer(assessment)
    # What a later file of the same category leaves out is closed as mended: a part of a scan that
    # shows only what changed must not stand in the category of whole ones.
    family = "mlsec" if assessment.limit is None else "mlsec-changed"
    parts = []
    unread_scopes = frozenset(tally.unread_scopes(assessment))
    for scope in tally.scopes(assessment):
        if scope in unread_scopes:
            continue
        kept, left_out = split_for_upload(by_scope.get(scope, []))
        results: list[Result] = [
            named(item, with_state(finding_result(item, inventory, wording), item, assessment))
            for item in kept
        ]
        results += [
            named(rest[0], remainder_result(rest, scope, inventory) | group_state(rest, assessment))
            for rest in left_out
        ]
        grouped = sum(map(len, left_out))
        notices = (grouped_notice(scope, grouped, len(left_out)),) if grouped else ()
        parts.append(
            RunPart(
                category=f"{family}/{scope}",
                scope=scope,
                results=tuple(results),
                notices=notices,
                earlier=f"mlsec/{scope}" if was_there(scope, kept, assessment) else "",
            )
        )
    # A file needs a run; one under a category of its own closes no alert of a scope.
    if not parts:
        texts = tuple(left_out_notices(assessment)) or ("Nothing was scanned.",)
        return [RunPart(category="mlsec/notices", scope="", notices=texts)]
    unread = tuple(unread_notices(assessment))
    parts[0] = msgspec.structs.replace(parts[0], notices=(*parts[0].notices, *unread))
    return parts


def _archive_parts(assessment: Assessment, inventory: Inventory) -> list[RunPart]:
    by_scope: dict[str, list[Result]] = {scope: [] for scope in tally.scopes(assessment)}
    scope_of = {item.resource.id: item.resource.scope for item in assessment.findings}
    named = _namer(assessment)
    wording = Wording(assessment.catalogue)
    # A state stands on each result of a run or on none: what only failures have, they have alone.
    compared = defaultdict[str, list[Result]](list)
    for finding in (*tally.sorted_findings(assessment), *assessment.folded):
        result = archived_result(finding, inventory, wording)
        is_compared = (
            finding.status is Status.FAIL
            and not finding.is_folded
            and bool(with_state({}, finding, assessment))
        )
        if is_compared:
            result = with_state(result, finding, assessment)
        runs = compared if is_compared else by_scope
        runs.setdefault(finding.resource.scope, []).append(named(finding, result))
    for finding, result in absent_results(assessment, inventory, wording):
        compared[finding.resource.scope].append(named(finding, result))
    usual = {rule.id: rule.severity for rule in assessment.rules}
    titles = {rule.id: rule.title for rule in assessment.rules}
    elsewhere = next(iter(by_scope)) if len(by_scope) == 1 else ""
    for rule_id, ids in sorted(assessment.passed.items()):
        for resource_id in sorted(ids):
            passed = passed_result(rule_id, resource_id, titles.get(rule_id, rule_id), inventory)
            scope = scope_of.get(resource_id, elsewhere)
            severity = usual.get(rule_id, Severity.MEDIUM)
            by_scope.setdefault(scope, []).append((rule_id, severity, _encoded(passed)))
    parts = []
    named_runs = [
        *((f"{scope}/compared", scope, results) for scope, results in sorted(compared.items())),
        *((scope or "passed", scope, results) for scope, results in sorted(by_scope.items())),
    ]
    for path, scope, results in named_runs:
        for start in range(0, max(len(results), 1), RESULTS_PER_RUN):
            name = f"mlsec-archive/{path}/part-{start // RESULTS_PER_RUN + 1}"
            chunk = tuple(results[start : start + RESULTS_PER_RUN])
            parts.append(RunPart(category=name, scope=scope, results=chunk))
    return parts or [RunPart(category="mlsec-archive/notices", scope="")]


def _pack(parts: Sequence[RunPart], assessment: Assessment, stem: str, help_base: str) -> Files:
    """Put runs into as few files as the services' limits on runs and bytes allow."""
    facts = ScopeFacts(assessment)
    files: list[list[RunPart]] = [[]]
    size = 0
    for part in parts:
        weight = _weight(run_chunks(part, facts, help_base))
        is_full = len(files[-1]) >= RUNS_PER_FILE or size + weight > _GZIP_BYTES_PER_FILE
        if files[-1] and is_full:
            files.append([])
            size = 0
        files[-1].append(part)
        size += weight
    names = [f"{stem}.sarif"] + [f"{stem}-{n}.sarif" for n in range(2, len(files) + 1)]
    return {
        name: _document(runs, facts, help_base) for name, runs in zip(names, files, strict=True)
    }


def _weight(chunks: Iterable[bytes]) -> int:
    """Give the size packed at the quickest level: no less than what a sender's gzip makes of it."""
    packer = zlib.compressobj(1)
    return sum(len(packer.compress(chunk)) for chunk in chunks) + len(packer.flush())


def _namer(assessment: Assessment) -> Callable[[Finding, dict[str, Any]], Result]:
    """Give what encodes the result of a finding under the rule that a code host knows."""
    usual = {rule.id: rule.severity for rule in assessment.rules}

    def named(finding: Finding, result: dict[str, Any]) -> Result:
        ident = alert_id(finding.rule, finding.severity, usual)
        return finding.rule, finding.severity, _encoded({**result, "ruleId": ident})

    return named


def _encoded(result: dict[str, Any]) -> bytes:
    return msgspec.json.encode(result)


def _document(runs: Sequence[RunPart], facts: ScopeFacts, help_base: str) -> Iterator[bytes]:
    yield b'{"$schema":"' + _SCHEMA.encode() + b'","version":"2.1.0","runs":[\n'
    for position, run in enumerate(runs):
        yield b",\n" if position else b""
        yield from run_chunks(run, facts, help_base)
    yield b"\n]}\n"

"""The findings as columns for the page's table: every text once, every row a few small numbers."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary
from mlsec.core.catalogue import Catalogue, Fix
from mlsec.core.cause import Cause
from mlsec.core.enums import Concern, Severity, Status
from mlsec.core.finding import Evidence, Finding
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.attack_story import story_of
from mlsec.render.change_words import age_of, is_compared
from mlsec.render.command import fill_command
from mlsec.render.display import actual_text, expected_text, kind_of, masked, shown, shown_id
from mlsec.render.links import is_link
from mlsec.render.wording import Wording

_EVIDENCE_SHOWN = 12
_NAME = "\x01"
_TABLES = ("rule", "type", "scope", "region", "owner", "prefix", "cause")
# By what ``tally.state_of`` says.
CHANGES = ("new", "regressed", "unchanged", "")
STATUS_LABELS = ("open failure", "not assessed", "waived")


class _Table:
    """Distinct texts in order of first use, each known by its number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._number: dict[str, int] = {}

    def number(self, text: str) -> int:
        """Give the text's number; a new one is added."""
        result = self._number.get(text)
        if result is None:
            result = self._number[text] = len(self.texts)
            self.texts.append(text)
        return result


def findings_island(assessment: Assessment, findings: Sequence[Finding]) -> str:
    """Pack the findings: columnar JSON, gzip (no time in it), base64."""
    payload = masked(msgspec.json.encode(_columns(assessment, findings)))
    return base64.b64encode(gzip.compress(payload, 9, mtime=0)).decode()


def _columns(assessment: Assessment, findings: Sequence[Finding]) -> dict[str, Any]:
    tables = {name: _Table() for name in _TABLES}
    texts, messages, commands = _Table(), _Table(), _Table()
    gap_number = {gap.id: position for position, gap in enumerate(assessment.gaps)}
    cause_of = {item: cause.id for cause in assessment.causes for item in cause.findings}
    wording = Wording(assessment.catalogue)
    named = {rule.id: rule for rule in assessment.rules}
    rows = []
    for finding in findings:
        cause = cause_of.get(finding.fingerprint, "")
        row = _Row(finding, tables, texts, messages, gap_number, cause, wording)
        if finding.path and len(finding.path.nodes) > 1:
            row.more |= _path(finding, named.get(finding.rule), assessment.catalogue, wording)
        rows.append(row)
    severities, concerns = list(Severity), list(Concern)
    folded = {} if assessment.folding is None else assessment.folding.titles
    pasted = [_commands(finding, named.get(finding.rule), commands) for finding in findings]
    return {
        "severities": [severity.value for severity in severities],
        "concerns": [concern.value for concern in concerns],
        "statuses": (*STATUS_LABELS, *(f"folded: {title}" for title in folded.values())),
        "changes": CHANGES,
        "severity": [finding.severity.rank for finding in findings],
        "concern": [concerns.index(finding.concern) for finding in findings],
        "change": [_change(finding, is_known=is_compared(assessment)) for finding in findings],
        "status": [_state(finding, list(folded)) for finding in findings],
        **{name: [row.numbers[name] for row in rows] for name in tables},
        "name": [row.name for row in rows],
        "message": [row.message for row in rows],
        "command": [command for command, _ in pasted],
        "keep": [keep for _, keep in pasted],
        "evidence": [row.evidence for row in rows],
        "gaps": [row.gaps for row in rows],
        "more": {str(n): row.more for n, row in enumerate(rows) if row.more},
        "age": {str(n): age for n, f in enumerate(findings) if (age := age_of(f, assessment))},
        "fingerprint": "".join(f"{finding.fingerprint:<32.32}" for finding in findings),
        "kinds": [kind_of(name, assessment.catalogue.types) for name in tables["type"].texts],
        "tables": {name: table.texts for name, table in tables.items()},
        "texts": texts.texts,
        "messages": messages.texts,
        "commands": commands.texts,
        "rules": [_rule(named.get(text), text) for text in tables["rule"].texts],
        "causes": _causes(assessment, tables["cause"].texts),
        "gapFacts": [_gap(gap) for gap in assessment.gaps],
    }


def _state(finding: Finding, folded: Sequence[str]) -> int:
    """Give the number of the state; of what is folded, that of its class."""
    if finding.is_folded and finding.folded in folded:
        return len(STATUS_LABELS) + folded.index(str(finding.folded))
    return tally.state_of(finding)


def _change(finding: Finding, *, is_known: bool) -> int:
    return CHANGES.index(finding.change if is_known and finding.change in CHANGES else "")


class _Row:
    """One finding as numbers into the tables; ``more`` holds what few findings have."""

    def __init__(
        self,
        finding: Finding,
        tables: dict[str, _Table],
        texts: _Table,
        messages: _Table,
        gap_number: dict[str, int],
        cause: str,
        wording: Wording,
    ) -> None:
        subject = finding.resource
        full, name = shown_id(subject.id), shown(subject.name, 300)
        has_tail = bool(name) and full.endswith(name)
        self.name = name
        prefix = full[: len(full) - len(name)] + _NAME if has_tail else full
        self.numbers = {
            "rule": tables["rule"].number(finding.rule),
            "type": tables["type"].number(shown(subject.type, 120)),
            "scope": tables["scope"].number(shown(subject.scope, 120)),
            "region": tables["region"].number(shown(subject.region, 60)),
            "owner": tables["owner"].number(shown(subject.owner, 120)),
            "prefix": tables["prefix"].number(prefix),
            "cause": tables["cause"].number(cause),
        }
        message = shown(finding.message, 500)
        if len(name) > 2:
            message = message.replace(name, _NAME)
        self.message = messages.number(message)
        self.evidence = [
            number
            for item, sentence in wording.sentences(finding)[:_EVIDENCE_SHOWN]
            for number in _evidence(item, sentence, subject.id, texts)
        ]
        self.gaps = [gap_number[gap] for gap in finding.gaps if gap in gap_number]
        self.more = _more(finding)


def _causes(assessment: Assessment, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Describe the causes in the order of their numbers; what is not assessed has none."""
    messages = {finding.fingerprint: finding.message for finding in assessment.findings}
    known = {cause.id: cause for cause in assessment.causes}
    return [_cause(known[item], messages) if item in known else {} for item in ids]


def _cause(cause: Cause, messages: Mapping[str, str]) -> dict[str, Any]:
    subject = cause.resource
    return {
        "name": shown(subject.name or subject.id, 200),
        "title": shown(messages.get(cause.lead, ""), 200),
        "settings": [shown(fact.setting, 200) for fact in cause.facts],
        "shared": {
            item: [[shown_id(fact.resource), shown(fact.setting, 120)] for fact in others]
            for item, others in cause.shared.items()
        },
    }


def _commands(finding: Finding, rule: RuleSummary | None, commands: _Table) -> tuple[int, int]:
    """Give the numbers of the command that fixes it and of the one that keeps what is there.

    What code declares is mended there: a command would be undone by the next apply.
    """
    if rule is None or finding.status is not Status.FAIL or finding.resource.is_in_code:
        return (commands.number(""),) * 2
    fix, name = rule.fix.on(finding.resource.provider), shown(finding.resource.name, 300)
    filled = (_lines(fill_command(text, finding)) for text in (fix.cli, fix.keep or ""))
    cli, keep = (text.replace(name, _NAME) if len(name) > 2 else text for text in filled)
    return commands.number(cli), commands.number(keep)


def _evidence(evidence: Evidence, sentence: str, subject_id: str, texts: _Table) -> tuple[int, ...]:
    other = (
        shown_id(evidence.resource) if evidence.resource and evidence.resource != subject_id else ""
    )
    return tuple(
        texts.number(text)
        for text in (
            sentence,
            shown(evidence.path, 300),
            expected_text(evidence),
            actual_text(evidence),
            shown(evidence.source, 300),
            other,
        )
    )


def _more(finding: Finding) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if finding.resource.file:
        line = f":{finding.resource.line}" if finding.resource.line else ""
        more["file"] = f"{shown(finding.resource.file, 300)}{line}"
    if len(finding.evidence) > _EVIDENCE_SHOWN:
        more["evidenceLeft"] = len(finding.evidence) - _EVIDENCE_SHOWN
    if finding.stands_for:
        more["standsFor"] = [shown_id(item) for item in finding.stands_for]
    if finding.waiver:
        waiver = finding.waiver
        more["waiver"] = [
            shown(item, 500)
            for item in (
                waiver.id,
                waiver.reason,
                waiver.owner,
                waiver.expires,
                waiver.ticket,
                waiver.approver,
                waiver.granted,
                waiver.compensating_control,
            )
        ]
    return more


def _path(
    finding: Finding, rule: RuleSummary | None, catalogue: Catalogue, wording: Wording
) -> dict[str, Any]:
    """Give the steps of an attack in their order; of what is only related, its relations."""
    if tally.is_attack_path(finding):
        story = story_of(finding, rule, catalogue, wording)
        return {
            "steps": [[n.kind, n.name, shown_id(n.id), " ".join(n.notes[:4])] for n in story.nodes],
            "links": [[edge.source, edge.target, edge.does] for edge in story.edges],
        }
    path = finding.path
    nodes, edges = (path.nodes, path.edges) if path else ((), ())
    return {
        "steps": [
            [
                kind_of(node.type, catalogue.types),
                shown(node.name or node.id, 200),
                shown_id(node.id),
                "",
            ]
            for node in nodes
        ],
        "links": [
            [edge.source, edge.target, shown(edge.relation, 120).replace("_", " ")]
            for edge in edges
            if max(edge.source, edge.target) < len(nodes)
        ],
    }


def _rule(rule: RuleSummary | None, ident: str) -> dict[str, Any]:
    if rule is None:
        return {"id": shown(ident), "title": shown(ident), "why": "", "fix": "", "more": []}
    return {
        "id": shown(rule.id),
        "title": shown(rule.title),
        "why": shown(rule.why),
        "category": rule.category.value,
        **_fix(rule.fix),
        "on": {provider: _fix(rule.fix.on(provider)) for provider in rule.fix.parts},
        "controls": [[shown(control.id), shown(control.because)] for control in rule.controls],
        "equivalents": [shown(equivalent) for equivalent in rule.equivalents],
        "references": [reference for reference in rule.references if is_link(reference)],
        "exceptions": [shown(exception) for exception in rule.known_exceptions],
    }


def _fix(fix: Fix) -> dict[str, str]:
    return {
        "fix": shown(fix.text),
        "terraform": _lines(fix.terraform),
        "cloudformation": _lines(fix.cloudformation),
        "console": shown(fix.console),
        **({"replaces": shown(fix.replaces)} if fix.replaces else {}),
        **({"config": _lines(fix.config)} if fix.config else {}),
    }


def _gap(gap: Gap) -> list[str]:
    return [
        shown(gap.wanted, 200),
        tally.REASON_WORDS[gap.reason],
        shown(gap.missing_right, 200),
        shown(gap.detail, 300),
        shown(gap.subject, 300),
    ]


def _lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.strip("\n").split("\n"))

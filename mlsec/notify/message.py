"""What a notification says: the root causes with something new, never what is unchanged."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.digest import fingerprint
from mlsec.core.regex import regex
from mlsec.render import tally
from mlsec.render.causes import CauseView, open_causes
from mlsec.render.display import plural, shown
from mlsec.render.exports.issues import issue_of

SCHEMA = "mlsec/notification/1"
_CAUSES_SHOWN = 10
_TARGETS_SHOWN = 3
_TITLE_CHARS, _LINE_CHARS = 200, 300
# What chat services would read as a mention, a link or markup; the likeness says the same.
_LINK = regex(r"(?i)(https?:|ftp:|www)(//|\.)")
_LIKENESS = str.maketrans({"<": "‹", ">": "›", "@": "＠", "`": "'", "*": "∗", "|": "¦"})


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of one run. ``key`` stays the same when it is sent again after a failure.

    ``document`` is what a webhook gets (docs/notify.md has its fields); the rest is plain text.
    """

    key: str
    title: str
    body: str
    is_severe: bool
    document: bytes


def compose(
    assessment: Assessment, pending: Collection[str], link: str = "", earlier: int = 0
) -> Message | None:
    """Write one message about the failures with these fingerprints; None where none is open.

    Args:
        assessment: what was judged.
        pending: fingerprints of what was not sent yet.
        link: where the report can be read, "" for nowhere.
        earlier: how many of them a run before may have sent already: it ended while it sent.
    """
    views = [
        (view, [item.fingerprint for item in view.findings if item.fingerprint in pending])
        for view in open_causes(assessment)
    ]
    views = [(view, new) for view, new in views if new]
    if not views:
        return None
    sent = sorted(item for _, new in views for item in new)
    title = _title(assessment, views[0][0], len(views))
    lines = [_line(view, new) for view, new in views[:_CAUSES_SHOWN]]
    if len(views) > _CAUSES_SHOWN:
        lines.append(f"and {plural(len(views) - _CAUSES_SHOWN, 'more cause')}")
    closing = [_coverage(assessment)]
    if assessment.changes is not None:
        closing.append(f"{_plain(assessment.changes.summary, _LINE_CHARS)}.")
    if earlier:
        closing.append(f"{plural(earlier, 'finding')} of these may have been sent before.")
    if link:
        closing.append(f"Report: {link}")
    key = fingerprint("mlsec/notification", ",".join(sent))
    return Message(
        key=key,
        title=title,
        body="\n".join([*lines, "", *closing]),
        is_severe=views[0][0].severity.rank <= 1,
        document=_document(assessment, views, key=key, title=title, link=link),
    )


def _title(assessment: Assessment, worst: CauseView, causes: int) -> str:
    targets = assessment.scan.targets
    more = f" and {len(targets) - _TARGETS_SHOWN} more" if len(targets) > _TARGETS_SHOWN else ""
    where = ", ".join(targets[:_TARGETS_SHOWN]) + more
    return _plain(
        f"mlsec: {plural(causes, 'new cause')}, worst {worst.severity.value}, in {where}",
        _TITLE_CHARS,
    )


def _line(view: CauseView, new: list[str]) -> str:
    owner = view.cause.resource.owner
    parts = [
        f"{view.severity.value}: {_plain(view.title, _LINE_CHARS)}",
        _plain(f"{view.where}{f', owner {owner}' if owner else ''}", _LINE_CHARS),
        f"{plural(len(new), 'new finding')}",
    ]
    fix = f"\n    fix: {_plain(view.fix, _LINE_CHARS)}" if view.fix else ""
    return f"- {parts[0]} ({parts[1]}; {parts[2]}){fix}"


def _coverage(assessment: Assessment) -> str:
    counts = tally.count(assessment)
    unread = f", {plural(counts.not_assessed, 'check')} not assessed" if counts.not_assessed else ""
    return f"{plural(counts.failed, 'failure')} open in all{unread}."


def _document(
    assessment: Assessment,
    views: list[tuple[CauseView, list[str]]],
    *,
    key: str,
    title: str,
    link: str,
) -> bytes:
    rules = {rule.id: rule for rule in assessment.rules}
    counts = tally.count(assessment)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "key": key,
        "title": title,
        "scan": {
            "targets": [shown(target, 300) for target in assessment.scan.targets],
            "finished_at": shown(assessment.scan.finished_at),
            "link": link,
        },
        "open": {severity.value: number for severity, number in counts.by_severity.items()},
        "not_assessed": counts.not_assessed,
        "causes": [issue_of(view, rules) | {"new_findings": new} for view, new in views],
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _plain(text: str, limit_chars: int) -> str:
    """Foreign text in which a chat service finds nothing to act on."""
    flat = " ".join(shown(text, limit_chars).split())
    return _LINK.sub(r"\1 \2", flat.translate(_LIKENESS))

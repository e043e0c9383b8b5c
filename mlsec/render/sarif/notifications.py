"""SARIF notifications: what was not assessed and why; never results, those would open alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from mlsec.core.enums import GapReason
from mlsec.render import tally
from mlsec.render.display import plural, shown
from mlsec.render.help_links import gap_address

_ABOUT = {
    GapReason.DENIED: "The scan's identity was not allowed to make the call.",
    GapReason.THROTTLED: "The provider throttled the call.",
    GapReason.TIMEOUT: "The call timed out.",
    GapReason.UNSUPPORTED: "The service or operation is not available there.",
    GapReason.MALFORMED: "The response could not be parsed.",
    GapReason.OVER_LIMIT: "A limit of the scan was reached.",
    GapReason.UNRESOLVED: "A reference could not be resolved.",
    GapReason.NOT_COLLECTED: "The evidence was collected without it.",
    GapReason.NOT_STATED: "The answer says nothing of it.",
}
_NOTICE_ID = "mlsec/notice"
_SUBJECTS_SHOWN = 20
_RULES_SHOWN = 50


def descriptors(help_base: str) -> list[dict[str, Any]]:
    """Describe every kind of notification."""
    gaps = [
        _descriptor(
            f"mlsec/gap-{reason.value.replace('_', '-')}",
            "Gap" + reason.value.title().replace("_", ""),
            about,
            gap_address(help_base, reason),
        )
        for reason, about in _ABOUT.items()
    ]
    notice = _descriptor(_NOTICE_ID, "Notice", "A notice about the scan.", "")
    return [*gaps, notice]


def _descriptor(ident: str, name: str, about: str, address: str) -> dict[str, Any]:
    return {
        "id": ident,
        "name": name,
        "shortDescription": {"text": about},
        "fullDescription": {
            "text": f"{about} Checks that depend on it are not assessed; they have not passed."
        },
        "help": {"text": "Allow the action that the message names, then scan again."},
        **({"helpUri": address} if address else {}),
    }


def gap_note(group: tally.GapGroup, rule_ids: Collection[str]) -> dict[str, Any]:
    """Give the notification of gaps with one operation and reason."""
    why = tally.REASON_WORDS[group.reason]
    text = (
        f"{shown(group.wanted, 120)}: {why} for {plural(len(group.gaps), 'subject')}; "
        f"{plural(group.checks, 'check was', 'checks were')} not assessed."
    )
    if group.missing_right:
        text += f" Allow {shown(group.missing_right, 120)} and scan again."
    subjects = [shown(gap.subject, 300) for gap in group.gaps[:_SUBJECTS_SHOWN]]
    note: dict[str, Any] = {
        "level": "warning",
        "message": {"text": text.replace("](", "] (")},
        "descriptor": {"id": f"mlsec/gap-{group.reason.value.replace('_', '-')}"},
        "properties": {
            "scope": shown(group.scope),
            "subjects": subjects,
            "subjectsInAll": len(group.gaps),
            "rules": [shown(item) for item in group.rules[:_RULES_SHOWN]],
            "rulesInAll": len(group.rules),
            "checksNotAssessed": group.checks,
        },
    }
    known = [rule for rule in group.rules if rule in rule_ids]
    if len(known) == 1:
        note["associatedRule"] = {"id": shown(known[0])}
    return note


def notice_notes(notices: Sequence[str]) -> list[dict[str, Any]]:
    """Pass the scan's notices on."""
    return [
        {
            "level": "note",
            "message": {"text": shown(notice, 1000).replace("](", "] (")},
            "descriptor": {"id": _NOTICE_ID},
        }
        for notice in notices
        if notice.strip()
    ]

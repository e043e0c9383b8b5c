"""Which files are judged: models, and what lies beside one or is made for one."""

from __future__ import annotations

from mlsec.artifacts.facts import Format, Inspection
from mlsec.artifacts.recognised import OWN_EVIDENCE
from mlsec.collect.files.entry import Entry
from mlsec.collect.files.evidence import Inspected
from mlsec.core.closed_sets import Severity

# What is no model by itself and counts only beside one: a repository of code is full of them.
BESIDE = frozenset({
    Format.TEXT, Format.JSON, Format.YAML, Format.XML, Format.SIGNATURE, Format.PYTHON,
    Format.TEMPLATE, Format.EXECUTABLE, Format.IMAGE,
})  # fmt: skip


def is_model(inspected: Inspected | None) -> bool:
    """Whether a file holds a model, so that what lies beside it may be loaded with it."""
    if inspected is None:
        return False
    formats = inspected.inspection.formats
    return not BESIDE.issuperset(formats) and formats[0] is not Format.UNKNOWN


def _speaks_of_a_model(entry: Entry, inspection: Inspection) -> bool:
    """Whether a file that holds no model is made for one all the same, and does harm there.

    Templates for web pages and settings of other tools are full of what a chat template or the
    settings of a tokenizer must not hold, so a name or a format of models' own must say so.
    """
    name = entry.path.rpartition("/")[2].lower()
    is_made_for_one = inspection.formats[0] is Format.JSON or (
        inspection.formats[0] is Format.TEMPLATE
        and (name.endswith(".jinja") or "chat_template" in name)
    )
    return is_made_for_one and any(
        fact.danger.rank <= Severity.HIGH.rank for fact in inspection.facts
    )


def _is_own_evidence(inspection: Inspection) -> bool:
    """Whether a file says that it is ours and nothing else was found in it.

    Anybody may write such a header: what a loader would run behind it is judged all the same.
    """
    holes = [hole.detail for hole in inspection.holes]
    return not inspection.facts and bool(holes) and all(OWN_EVIDENCE in each for each in holes)


def left_out_because(entry: Entry, inspected: Inspected, *, has_model: bool) -> str:
    """Why a file is not judged, or "" when it is."""
    inspection = inspected.inspection
    if not inspection.size_bytes:
        return "an empty file"
    format_ = inspection.formats[0]
    if _is_own_evidence(inspection):
        return f"{OWN_EVIDENCE}, in which nothing was found"
    if format_ not in BESIDE:
        return ""
    if not has_model:
        if _speaks_of_a_model(entry, inspection):
            return ""
        grave = any(fact.danger.rank <= Severity.HIGH.rank for fact in inspection.facts)
        would = "; beside one it would be flagged" if grave else ""
        return f"{format_.value}, with no model beside it{would}"
    is_plain = not inspection.facts and not inspection.holes
    return f"{format_.value}, in which nothing was found" if is_plain else ""

"""A value that the scanned text does not say: a gap that only the rules that read it show."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason


def note_unknown(scope: CodeScope, subject: str, wanted: str, why: str) -> str:
    """Remember why a value is not known; gives the gap's id."""
    gap = make_gap(
        scope=scope.name,
        subject=subject,
        wanted=wanted,
        reason=GapReason.UNRESOLVED,
        detail=why,
    )
    scope.tally.gaps[gap.id] = gap
    return gap.id


# Nobody writes a longer one by hand.
MAX_CHARS = 512 * 1024


def is_refused_as_too_long(scope: CodeScope, file: CodeFile) -> bool:
    """Refuse a file that no person wrote, and say so."""
    if len(file.text) <= MAX_CHARS:
        return False
    detail = f"longer than {MAX_CHARS // 1024} KiB"
    scope.refuse(file, detail, reason=GapReason.OVER_LIMIT)
    return True

"""One case of a public suite and how it was judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mlsec.signing.verdicts.verdict import Outcome, Verdict


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a suite expects and what came out, with the reason."""

    suite: str
    name: str
    should_accept: bool
    accepted: bool
    why: str = ""

    @property
    def is_right(self) -> bool:
        return self.accepted == self.should_accept


def folders_with(root: Path, inner: str) -> Iterator[Path]:
    """Find every folder at or below ``root`` (three levels) that holds ``inner``."""
    level = [root]
    for _ in range(4):
        for folder in sorted(level):
            if (folder / inner).exists():
                yield folder
        level = [one for folder in level for one in folder.iterdir() if one.is_dir()]


def reasons(verdict: Verdict) -> str:
    """Everything that did not hold, in a line."""
    checks = [*verdict.checks, *(one for each in verdict.signatures for one in each.checks)]
    return "; ".join(
        f"{one.id}: {one.what} {one.actual}".strip()
        for one in checks
        if one.outcome is not Outcome.OK and one.is_fatal
    )[:400]

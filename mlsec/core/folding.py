"""What was judged in folders of a repository from which nothing is deployed."""

from __future__ import annotations

import msgspec

from mlsec.core.finding import Finding
from mlsec.core.sanitize import visible

_FOLDERS_SAID = 3


class FoldedClass(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of folder, and what was judged in such folders.

    ``name`` is what ``--unfold`` takes, ``title`` what people call it. ``folders`` are the first
    of them, by path from the target. The numbers count open failures, waived ones, checks that
    could not be made, passes, and gaps.
    """

    name: str
    title: str
    folders: tuple[str, ...] = ()
    failed: int = 0
    waived: int = 0
    not_assessed: int = 0
    passed: int = 0
    gaps: int = 0


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged and is folded: it is in no count of the assessment, and fails no gate.

    ``findings`` are those that are folded, each with its class in ``folded``. ``kept`` says why
    what lies in such folders is not folded, "" where nothing had to be kept.
    """

    classes: tuple[FoldedClass, ...] = ()
    findings: tuple[Finding, ...] = ()
    kept: str = ""

    @property
    def titles(self) -> dict[str, str]:
        """What people call each class, by its name."""
        return {item.name: item.title for item in self.classes}

    @property
    def lines(self) -> tuple[str, ...]:
        """What a reader has to know of it, a sentence each."""
        lines = (_line(item) for item in self.classes if item.failed or item.not_assessed)
        return (*lines, self.kept) if self.kept else tuple(lines)


def _line(item: FoldedClass) -> str:
    """Say how much of one class is folded, where it lies, and how to count it."""
    noun = "finding" if item.failed == 1 else "findings"
    numbers = [f"{item.failed:,} {noun}"]
    numbers += [f"{item.waived:,} waived"] if item.waived else []
    numbers += [f"{item.not_assessed:,} not assessed"] if item.not_assessed else []
    named = [visible(folder, 80) for folder in item.folders[:_FOLDERS_SAID]]
    more = ", ..." if len(item.folders) > len(named) else ""
    return (
        f"folded: {', '.join(numbers)} in {item.title} ({', '.join(named)}{more}); they fail"
        f" nothing unless --unfold {item.name} counts them"
    )

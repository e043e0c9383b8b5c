"""``python -m tests.signing.conformance_sigstore FOLDER``: Sigstore, Notary and timestamp suites.

FOLDER holds checkouts of any of: sigstore/sigstore-conformance, notaryproject/notation-go,
trailofbits/rfc3161-client. They are found by their layout; nothing of them is part of this project.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.signing import suite_notary, suite_sigstore, suite_timestamps
from tests.signing.conformance import report
from tests.signing.suite import Case


def cases(folder: Path) -> Iterator[Case]:
    """Every case of the suites that lie under ``folder``."""
    yield from suite_sigstore.cases(folder)
    yield from suite_timestamps.cases(folder)
    yield from suite_notary.cases(folder)


def main(arguments: list[str]) -> int:
    """Print a line for each suite and each case judged wrongly; 1 on a false accept."""
    return report(arguments, __doc__ or "", cases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

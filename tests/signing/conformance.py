"""``python -m tests.signing.conformance FOLDER``: the public suites under a folder, counted.

FOLDER holds checkouts of any of: ossf/model-signing-spec, sigstore/model-transparency, the OMS
conformance suite, C2SP/wycheproof. They are found by their layout, wherever they lie. Nothing of
them is part of this project. A Sigstore case is judged by the trusted root that the ``sigstore``
package carries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.signing import suite_oms, suite_wycheproof
from tests.signing.suite import Case


def main(arguments: list[str]) -> int:
    """Print a line for each suite and each case judged wrongly; 1 on a false accept."""
    return report(arguments, __doc__ or "", _cases)


def report(arguments: list[str], usage: str, cases_of: Callable[[Path], Iterator[Case]]) -> int:
    """Judge what lies under the one folder of ``arguments``; count and print."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        say(usage.splitlines()[0])
        return 2
    suites: dict[str, list[Case]] = {}
    for case in cases_of(Path(arguments[0])):
        suites.setdefault(case.suite, []).append(case)
    wrong = 0
    for name, cases in suites.items():
        wrong += _print(name, cases)
    say(f"false accepts in all: {wrong}" if suites else "no suite was found there")
    return 1 if wrong else 0


def _cases(folder: Path) -> Iterator[Case]:
    yield from suite_oms.spec_vectors(folder)
    yield from suite_oms.historical(folder)
    yield from suite_oms.verify_cases(folder)
    yield from suite_oms.round_trips(folder)
    yield from suite_wycheproof.cases(folder)


def _print(name: str, cases: list[Case]) -> int:
    right = sum(case.is_right for case in cases)
    accepted = [case for case in cases if case.accepted and not case.should_accept]
    refused = [case for case in cases if not case.accepted and case.should_accept]
    say(
        f"{name}: {right:,} of {len(cases):,} right; {len(accepted)} false accepts,"
        f" {len(refused)} false refusals"
    )
    for case in (*accepted, *refused)[:40]:
        word = "ACCEPTED" if case.accepted else "refused"
        say(f"    {word} {case.name}: {case.why}")
    return len(accepted)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

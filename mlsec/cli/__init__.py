"""The command line: one file per command, listed in the table, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    Subparsers = argparse._SubParsersAction[Any]

Register = Callable[["Subparsers"], None]


def _init(subparsers: Subparsers) -> None:
    from mlsec.cli import init

    init.register(subparsers)


def _scan(subparsers: Subparsers) -> None:
    from mlsec.cli import scan

    scan.register(subparsers)


def _collect(subparsers: Subparsers) -> None:
    from mlsec.cli import collect

    collect.register(subparsers)


def _report(subparsers: Subparsers) -> None:
    from mlsec.cli import report

    report.register(subparsers)


def _diff(subparsers: Subparsers) -> None:
    from mlsec.cli import diff

    diff.register(subparsers)


def _history(subparsers: Subparsers) -> None:
    from mlsec.cli import history

    history.register(subparsers)


def _serve(subparsers: Subparsers) -> None:
    from mlsec.cli import serve

    serve.register(subparsers)


def _fleet(subparsers: Subparsers) -> None:
    from mlsec.cli import fleet

    fleet.register(subparsers)


def _snapshot(subparsers: Subparsers) -> None:
    from mlsec.cli import snapshot

    snapshot.register(subparsers)


def _replay(subparsers: Subparsers) -> None:
    from mlsec.cli import replay

    replay.register(subparsers)


def _verify(subparsers: Subparsers) -> None:
    from mlsec.cli import verify

    verify.register(subparsers)


def _sign(subparsers: Subparsers) -> None:
    from mlsec.cli import sign

    sign.register(subparsers)


def _rules(subparsers: Subparsers) -> None:
    from mlsec.cli import rules

    rules.register(subparsers)


def _doctor(subparsers: Subparsers) -> None:
    from mlsec.cli import doctor

    doctor.register(subparsers)


def _completion(subparsers: Subparsers) -> None:
    from mlsec.cli import completion

    completion.register(subparsers)


# In the order of the help.
COMMANDS: Mapping[str, Register] = {
    "init": _init,
    "scan": _scan,
    "collect": _collect,
    "report": _report,
    "diff": _diff,
    "history": _history,
    "serve": _serve,
    "fleet": _fleet,
    "snapshot": _snapshot,
    "replay": _replay,
    "verify": _verify,
    "sign": _sign,
    "rules": _rules,
    "doctor": _doctor,
    "completion": _completion,
}


def commands(first: str = "") -> Iterable[Register]:
    """Give the function of each command that adds its parser.

    Where ``first`` names a command, only that one is given: a scan need not load what signs.
    """
    return (COMMANDS[first],) if first in COMMANDS else COMMANDS.values()

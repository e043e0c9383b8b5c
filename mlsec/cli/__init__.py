"""The command line: one file per command, listed in the table that ``commands`` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def commands() -> tuple[Callable[[argparse._SubParsersAction[Any]], None], ...]:
    """Give the function of each command that adds its parser, in the order of the help."""
    from mlsec.cli import collect, diff, doctor, report, rules, scan, sign, snapshot, verify

    return (
        scan.register,
        collect.register,
        report.register,
        diff.register,
        snapshot.register,
        verify.register,
        sign.register,
        rules.register,
        doctor.register,
    )

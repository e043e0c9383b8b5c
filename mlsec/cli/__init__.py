"""The command line: one file per command, listed in the table that ``commands`` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


Register = Callable[["argparse._SubParsersAction[Any]"], None]


def commands(first: str = "") -> tuple[Register, ...]:
    """Give the function of each command that adds its parser, in the order of the help.

    Where ``first`` names a command that is run once for every model, only that one is loaded.
    """
    match first:
        case "verify":
            from mlsec.cli import verify

            return (verify.register,)
        case "sign":
            from mlsec.cli import sign

            return (sign.register,)
        case _:
            return _all()


def _all() -> tuple[Register, ...]:
    from mlsec.cli import (
        collect,
        diff,
        doctor,
        history,
        replay,
        report,
        rules,
        scan,
        sign,
        snapshot,
        verify,
    )

    return (
        scan.register,
        collect.register,
        report.register,
        diff.register,
        history.register,
        snapshot.register,
        replay.register,
        verify.register,
        sign.register,
        rules.register,
        doctor.register,
    )

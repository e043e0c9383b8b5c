"""The shape of the table of attacks."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.signing.verdicts.verdict import Verdict
from tests.signing.workshop import Workshop


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one row: what is done to a signed model, and the check that must fail.

    ``fails`` "" means that the case is a good one that others refuse, and must be verified;
    ``notes`` is a check that must be told although it does not fail the verdict.
    """

    row: int
    name: str
    do: Callable[[Workshop], Verdict]
    fails: str = ""
    notes: str = ""

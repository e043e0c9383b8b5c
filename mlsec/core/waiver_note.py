"""A waiver that somebody wrote into a comment of the code, as it stands there."""

from __future__ import annotations

import msgspec


class WaiverNote(msgspec.Struct, frozen=True, kw_only=True):
    """``mlsec:ignore`` in a file (its path in reports) at ``line``, with the ``words`` after it.

    ``heads`` are the lines that the blocks begin at for which it is meant, none if it stands by no
    block. ``problem`` says why it cannot be one here at all.
    """

    scope: str
    file: str
    line: int
    words: str
    heads: tuple[int, ...] = ()
    problem: str = ""

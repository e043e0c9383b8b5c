"""How much a probe asks and how much it takes, whatever the server does."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one target. Times are for the whole of a step, not for each byte of it.

    ``answer_s`` is from the first byte sent to the last byte read of one request; ``target_s`` is
    for everything. ``raw_factor``: how many bytes of chunk headers a body may cost per byte of it.
    ``patience``: after so many steps in a row without an answer in time, no more is asked.
    """

    resolve_s: float = 5.0
    connect_s: float = 5.0
    handshake_s: float = 5.0
    answer_s: float = 10.0
    target_s: float = 120.0
    requests: int = 80
    connections: int = 100
    addresses: int = 3
    head_bytes: int = 32 * 1024
    head_lines: int = 100
    interim_answers: int = 5
    body_bytes: int = 64 * 1024
    raw_factor: int = 4
    redirects: int = 3
    patience: int = 2
    chain: int = 8

"""Shards joined to one piece of evidence, as if one process had collected all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from mlsec.core.errors import MlsecError, NoRoomError
from mlsec.fleet.gaps import leave_out
from mlsec.fleet.joined_facts import JoinedFacts
from mlsec.fleet.missing import Walked, walk_evidence
from mlsec.fleet.pieces import EVIDENCE, Piece
from mlsec.fleet.shard_check import check_answer, check_shard
from mlsec.snapshot.joined import JoinedSnapshot
from mlsec.snapshot.store import Snapshot
from mlsec.vocabulary.types import Vocabulary

Fetch = Callable[[Piece], AbstractContextManager[Path]]


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What was joined: how many shards, what walking them showed, and which were refused."""

    shards: int
    walked: Walked
    refused: Mapping[int, str]


def join(
    pieces: Iterable[Piece],
    fetch: Fetch,
    path: Path,
    targets: Sequence[str],
    vocabulary: Vocabulary,
    *,
    organisation: str,
    is_last: bool,
) -> Joined:
    """Join what units have left into the snapshot ``path``.

    One shard is open at a time. A shard that is missing, damaged or not the one that its unit
    committed is a gap of its scope. Nothing is written where requests are missing, unless this
    ``is_last``: then they are gaps.

    Args:
        pieces: all units of the scan that have ended.
        fetch: gives the checked file of a shard.
        path: where the evidence is written, sealed.
        targets: as the evidence names what was scanned.
        vocabulary: what the shards were collected for.
        organisation: whose scopes these are; its scans are one series of a history.
        is_last: no unit will ask what is missing.
    """
    ordered = sorted((p for p in pieces if p.kind in EVIDENCE), key=lambda piece: piece.order)
    with JoinedSnapshot.create(path) as joined, JoinedFacts(joined) as facts:
        shards, refused = 0, dict[int, str]()
        for piece in ordered:
            try:
                if piece.shard:
                    _take(joined, piece, fetch, facts)
                    shards += 1
                    continue
                lost = piece
            except NoRoomError:
                raise
            except MlsecError as error:
                refused[piece.unit] = error.message
                lost = msgspec.structs.replace(piece, error_class="", error=error.message)
            facts.lose(lost.task.provider, leave_out(joined, lost))
        facts.write(targets, organisation)
        walked = walk_evidence(joined, vocabulary)
        if walked.missing and not is_last:
            joined.discard()
        else:
            joined.drop(walked.unasked)
            joined.finish()
    return Joined(shards=shards, walked=walked, refused=refused)


def _take(joined: JoinedSnapshot, piece: Piece, fetch: Fetch, facts: JoinedFacts) -> None:
    with fetch(piece) as file, Snapshot.open(file) as shard:
        check_shard(piece, shard)
        facts.check(piece, shard)
        joined.take(shard, check_answer)
        facts.add(piece, shard)

"""Inclusion of an entry in a transparency log: Merkle proof and signed entry timestamp."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

from mlsec.signing.bundles.bundle import LogEntry
from mlsec.signing.errors import MalformedError
from mlsec.signing.sigstore.checkpoint import verify_checkpoint
from mlsec.signing.sigstore.log_keys import LogKey
from mlsec.signing.verdicts.steps import CheckFailedError
from mlsec.signing.verdicts.verdict import time_text

_LAST_MOMENT = 253402300799  # the end of the year 9999, in seconds since 1970


def root_of(leaf: bytes, index: int, size: int, hashes: tuple[bytes, ...]) -> bytes:
    """Compute a tree's root from one leaf's bytes and its inclusion proof.

    Raises:
        CheckFailedError: the index is not in the tree, or the proof has a wrong length.
    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise CheckFailedError(
            "the proof's position is outside the log", expected=f"below {size}", actual=str(index)
        )
    node = hashlib.sha256(b"\x00" + leaf).digest()
    position, last = index, size - 1
    for sibling in hashes:
        if last == 0:
            raise CheckFailedError("the inclusion proof is longer than the tree is high")
        if position & 1 or position == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        position, last = position >> 1, last >> 1
    if last != 0:
        raise CheckFailedError("the inclusion proof is shorter than the tree is high")
    return node


def verify_inclusion(entry: LogEntry, log: LogKey) -> None:
    """Check that the log, by its signed checkpoint, holds exactly this entry.

    Raises:
        CheckFailedError: no proof, or one that does not lead to what the log signed.
        MalformedError: the checkpoint cannot be read.
    """
    proof = entry.proof
    if proof is None or not proof.checkpoint:
        raise CheckFailedError("the log entry has no inclusion proof with a signed checkpoint")
    hashes = proof.hashes or ()
    if any(len(node) != 32 for node in (proof.root_hash, *hashes)):
        raise MalformedError("the inclusion proof holds a hash that is not 32 bytes long")
    signed = verify_checkpoint(proof.checkpoint, log)
    if (signed.size, signed.root_hash) != (proof.tree_size, proof.root_hash):
        raise CheckFailedError(
            "the log's checkpoint is about another tree than the inclusion proof",
            expected=f"{proof.tree_size} entries, root {proof.root_hash.hex()}",
            actual=f"{signed.size} entries, root {signed.root_hash.hex()}",
        )
    root = root_of(entry.canonicalized_body, proof.log_index or 0, proof.tree_size, hashes)
    if root != signed.root_hash:
        raise CheckFailedError(
            "the inclusion proof does not lead from this entry to the log's root",
            expected=signed.root_hash.hex(),
            actual=root.hex(),
        )


def verify_promise(entry: LogEntry, log: LogKey) -> datetime:
    """Return the moment for which the log's signed entry timestamp vouches.

    Raises:
        CheckFailedError: no promise or time, a signature over something else, or a moment at which
            the log was not trusted.
    """
    if not entry.promise or not entry.integrated_time:
        raise CheckFailedError("the log entry carries no signed entry timestamp")
    if entry.integrated_time > _LAST_MOMENT:
        raise MalformedError("the log entry's time is not before the year 10000")
    # RFC 8785 form of the four fields: sorted names, no white space; nothing here needs escapes.
    promised = {
        "body": base64.b64encode(entry.canonicalized_body).decode(),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    if not log.has_signed(json.dumps(promised, separators=(",", ":")).encode(), entry.promise):
        raise CheckFailedError("the signed entry timestamp is not the log's, or over another entry")
    at = datetime.fromtimestamp(entry.integrated_time, UTC)
    if not log.is_valid_at(at):
        raise CheckFailedError(
            "the log was not trusted at the time of the entry", actual=time_text(at)
        )
    return at

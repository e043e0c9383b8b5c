"""Checkpoints of transparency logs: signed notes that state a tree's size and root hash."""

from __future__ import annotations

import re

import msgspec

from mlsec.signing.encodings.strict_json import base64_bytes
from mlsec.signing.errors import MalformedError, OverLimitError
from mlsec.signing.sigstore.log_keys import LogKey
from mlsec.signing.verdicts.steps import CheckFailedError

MAX_CHARACTERS = 64 * 1024
MAX_SIGNATURES = 64
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_SIGNATURE = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)\\Z")


class NoteSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One line under a note: who, a four-byte hint which key, and the signature."""

    name: str
    hint: bytes
    signature: bytes


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a note says (``text`` is the signed part), and the lines that sign it."""

    origin: str
    size: int
    root_hash: bytes
    text: bytes
    signatures: tuple[NoteSignature, ...]


def read_checkpoint(note: str) -> Checkpoint:
    """Read a signed note whose text is a log's checkpoint.

    Raises:
        MalformedError: no blank line before the signatures, a line that is none, no origin, size
            or 32-byte root, or a cap was reached.
    Source: C2SP signed-note and tlog-checkpoint.
    """
    if len(note) > MAX_CHARACTERS:
        raise OverLimitError(f"checkpoint longer than {MAX_CHARACTERS} characters")
    text, blank, block = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or not block.endswith("\n") or len(lines) < 3 or not lines[0]:
        raise MalformedError("the checkpoint is not a signed note with origin, size and root")
    if not _SIZE.match(lines[1]):
        raise MalformedError("the checkpoint's second line is not a tree size")
    root_hash = base64_bytes(lines[2], "the checkpoint's root")
    if len(root_hash) != 32:
        raise MalformedError("the checkpoint's root is not 32 bytes long")
    signatures = block[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise OverLimitError(f"checkpoint with more than {MAX_SIGNATURES} signatures")
    return Checkpoint(
        origin=lines[0],
        size=int(lines[1]),
        root_hash=root_hash,
        text=f"{text}\n".encode(),
        signatures=tuple(_signature(line) for line in signatures),
    )


def _signature(line: str) -> NoteSignature:
    match = _SIGNATURE.match(line)
    decoded = base64_bytes(match[2], "a checkpoint's signature") if match else b""
    if match is None or len(decoded) < 5:
        raise MalformedError("a line under the checkpoint is not a signature")
    return NoteSignature(name=match[1], hint=decoded[:4], signature=decoded[4:])


def verify_checkpoint(note: str, log: LogKey) -> Checkpoint:
    """Read a checkpoint and check that this log signed it.

    Lines of others (witnesses, former keys) are passed over: their keys are not known here.

    Raises:
        CheckFailedError: no line by this log, or one that does not fit the text.
        MalformedError: not a checkpoint.
    """
    checkpoint = read_checkpoint(note)
    for line in checkpoint.signatures:
        # The first generation appends " - " and a tree's id to its name in the origin.
        is_named = line.name == checkpoint.origin or checkpoint.origin.startswith(f"{line.name} - ")
        if not is_named or line.hint != log.key_id[:4]:
            continue
        if not log.has_signed(checkpoint.text, line.signature):
            raise CheckFailedError("the signature under the log's checkpoint is wrong")
        return checkpoint
    raise CheckFailedError(
        "the checkpoint is not signed by the log that is said to hold the entry",
        expected=f"{checkpoint.origin}, key {log.key_id[:4].hex()}",
        actual=", ".join(
            f"{line.name}, key {line.hint.hex()}" for line in checkpoint.signatures[:4]
        ),
    )

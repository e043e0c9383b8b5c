"""Reads one file: recognise, read with every reader that knows it, account for every byte."""

from __future__ import annotations

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind, Format, Inspection
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.readers import READERS, SNIFF_BYTES
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.artifacts.window import Window


def inspect(window: Window, limits: Limits | None = None) -> Inspection:
    """Read one file statically; nothing in it is loaded, imported, run or written to disk."""
    budget, ledger = Budget(limits or Limits()), Ledger()
    root = Recorder(budget, ledger, descend)
    try:
        descend(window, root)
    except ArtifactError as error:
        root.hole(error.reason, error.message)
    return Inspection(
        size_bytes=window.size_bytes,
        formats=tuple(ledger.formats) or (Format.UNKNOWN,),
        facts=tuple(
            sorted(ledger.facts, key=lambda fact: (fact.place, fact.offset, fact.kind.value))
        ),
        holes=tuple(ledger.holes),
        members=ledger.members,
        members_read=ledger.members_read,
        bytes_read=window.source.bytes_read,
        properties=dict(sorted(ledger.properties.items())),
    )


def descend(window: Window, record: Recorder) -> None:
    """Read a file or a member with every reader that recognises it."""
    head = window.read(0, SNIFF_BYTES)
    known = [reader for reader in READERS if reader.sniff(head, window)]
    if record.depth == 0:
        record.ledger.formats.update((reader.format, None) for reader in known)
    if len(known) > 1:
        names = ", ".join(reader.format.value for reader in known)
        record.fact(FactKind.SEVERAL_FORMATS, names, "can be read as more than one format")
    for reader in known:
        try:
            reader.read(window, record)
        except ArtifactError as error:
            record.fact(FactKind.BROKEN, reader.format.value, error.message)
            record.hole(error.reason, error.message)

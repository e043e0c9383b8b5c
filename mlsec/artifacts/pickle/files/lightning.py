"""Texts of a checkpoint that the framework, not the pickle, imports and calls when it is loaded."""

from __future__ import annotations

import re

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder

# Lightning's key, what stores the text in the memo, and the text that follows it.
_KEY = b"_instantiator"
_NAMED = re.compile(
    _KEY
    + rb"\n?(?:\x94|q.|r.{4}|p\d+\n)?(?:\x8c(?P<short>.)|X(?P<long>.{4})|V)"
    + rb"(?P<name>[\w.]{1,300})",
    re.DOTALL,
)
_OWN = ("lightning.", "pytorch_lightning.", "lightning_fabric.")


def note_instantiator(block: bytes, base: int, record: Recorder) -> None:
    """Note what a checkpoint of Lightning has made its model by, if that is not Lightning's own."""
    for match_ in _NAMED.finditer(block) if _KEY in block else ():
        size = match_["short"] or match_["long"] or b""
        length = int.from_bytes(size, "little") if size else len(match_["name"])
        name = match_["name"][:length].decode("ascii", "replace")
        if "." not in name or name.startswith(_OWN):
            continue
        module, _, last = name.rpartition(".")
        danger = danger_of(module, last)
        kind = FactKind.CUSTOM_CODE if danger is None else FactKind.DENIED_CALL
        detail = "is imported and called when Lightning loads the checkpoint"
        record.fact(kind, name, detail, offset=base + match_.start(), danger=danger)

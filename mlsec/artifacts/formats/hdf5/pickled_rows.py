"""Rows of objects in HDF5 files of PyTables and pandas, which are unpickled when read."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files.salvage import SEARCHED_BYTES, salvage
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.artifacts.pickle.policy.verdict import Verdict
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.core.enums import GapReason

# The attribute of an array whose rows are pickles, and what it holds then. Source: PyTables.
MARK, PICKLED = "PSEUDOATOM", b"object"
_ACTS = (FactKind.DENIED_CALL, FactKind.DENIED_IMPORT, FactKind.HOSTILE_ARGUMENT)


def judge_rows(window: Window, record: Recorder) -> None:
    """Follow what looks like an import anywhere in the file; rows lie in heaps of their own.

    Numbers and texts between them may look so by chance: only what a list names is reported.
    """
    if window.size_bytes > SEARCHED_BYTES:
        detail = f"rows of pickled objects behind the first {SEARCHED_BYTES >> 20} MiB"
        record.gap(GapReason.OVER_LIMIT, detail, start=SEARCHED_BYTES)
    scratch = Recorder(record.budget, Ledger(), lambda _window, _record: None)
    salvage(window, 0, Verdict(window, scratch, shipped_policy()), record.budget)
    for fact in scratch.ledger.facts:
        is_name = all(part.isidentifier() for part in fact.subject.split("."))
        if fact.kind in _ACTS and is_name:
            detail = f"in a row that is unpickled when it is read: {fact.detail}"
            record.fact(fact.kind, fact.subject, detail, offset=fact.offset, danger=fact.danger)

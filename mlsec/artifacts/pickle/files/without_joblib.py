"""What pickle itself makes of a file of joblib: the bytes of its arrays are opcodes to it."""

from __future__ import annotations

import contextlib

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import Fact, FactKind
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.policy.verdict import Verdict
from mlsec.artifacts.pickle.vm.opcode_table import machine_over
from mlsec.artifacts.recorder import Ledger, Recorder

# Numbers read as opcodes end at once or make junk: only what a list names counts.
_DENIED = (FactKind.DENIED_CALL, FactKind.DENIED_IMPORT)
_CALLS = (*_DENIED, FactKind.UNKNOWN_CALL)
# By so many loaders that take the bytes behind the end of a frame for others.
READINGS = 8
# Objects follow as a stream of their own: its names are mixed up, and junk, where its entries are
# counted on from those before.
_STREAMS = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


def run_by_pickle(
    window: Window, start: int, gap: int, policy: Policy, budget: Budget
) -> Fact | None:
    """What a stream from ``start`` on calls when its bytes from ``gap`` on are taken for opcodes,
    as they are by whoever loads it without joblib; None for nothing.
    """
    kinds = _DENIED if window.read(gap, 2) in _STREAMS else _CALLS
    waiting = [window]
    for _ in range(READINGS):
        if not waiting:
            break
        scratch = Recorder(budget, Ledger(), lambda _window, _record: None)
        machine = machine_over(waiting[-1], start, Verdict(waiting.pop(), scratch, policy), budget)
        with contextlib.suppress(ArtifactError):
            machine.run()
        calls = (
            fact
            for fact in scratch.ledger.facts
            if fact.kind in kinds and fact.offset >= gap and _is_written_name(fact.subject)
        )
        if worst := min(calls, key=lambda fact: fact.danger.rank, default=None):
            return worst
        # All that is denied in these counts: the bytes lie elsewhere in them.
        waiting += machine.frames.others
        kinds, gap = _DENIED, 0
    return None


def _is_written_name(subject: str) -> bool:
    return len(subject) > 3 and all(part.isidentifier() for part in subject.split("."))

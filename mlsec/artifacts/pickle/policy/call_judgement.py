"""What a judgement is given and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.policy.callable_lists import Policy
from mlsec.artifacts.pickle.vm.values import CallKind, Global, Value
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a call."""

    kind: FactKind
    detail: str
    subject: str = ""
    danger: Severity | None = None


class Judge(Protocol):
    """What a judgement may ask and tell."""

    window: Window
    record: Recorder
    policy: Policy

    def called(self, how: CallKind, function: Value, arguments: Value, offset: int) -> None: ...
    def note(
        self, kind: FactKind, subject: str, detail: str, offset: int, danger: Severity | None = None
    ) -> None: ...
    def note_unknown(self, global_: Global, why: str) -> None: ...
    def built(self, target: Value, state: Value, offset: int) -> None: ...


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call: ``items`` are its arguments, None where they are not a tuple written out.

    ``name`` is that of the function, where several are judged in one way.
    """

    judge: Judge
    items: tuple[Value, ...] | None
    offset: int
    name: str = ""


CallCheck = Callable[[Call], Judgement | None]

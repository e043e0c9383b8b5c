"""Local functions of an ONNX model that call one another: without end, or exponentially often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity

Name = tuple[str, str]
# Runtimes put the nodes of a function in the place of each call.
MOST_NODES = 1 << 30


def judge_calls(calls: Mapping[Name, Counter[Name]], record: Recorder) -> None:
    """Note functions that lead back to themselves or swell; ``calls`` counts what each calls."""
    sizes: dict[Name, int] = {}
    for start in calls:
        left, is_open = [start], set[Name]()
        while left:
            name = left[-1]
            inner = [item for item in calls.get(name, ()) if item in calls and item not in sizes]
            if inner and name not in is_open:
                is_open.add(name)
                if any(item in is_open for item in inner):
                    _note(record, name, "calls itself, also by way of others")
                    return
                left += inner
                continue
            left.pop()
            is_open.discard(name)
            counts = calls.get(name, Counter()).items()
            sizes[name] = 1 + sum(times * sizes.get(value, 1) for value, times in counts)
            if sizes[name] > MOST_NODES:
                _note(record, name, f"stands for {sizes[name]} nodes once its calls are resolved")
                return


def _note(record: Recorder, name: Name, detail: str) -> None:
    subject = f"{name[0]}::{name[1]}"
    record.fact(FactKind.BOMB, subject, f"a function that {detail}", danger=Severity.MEDIUM)

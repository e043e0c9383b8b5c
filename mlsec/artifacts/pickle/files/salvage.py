"""After a stream broke: look for imports in what is left, and follow each as far as it goes."""

from __future__ import annotations

import re
from functools import cache

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm.machine import Judge
from mlsec.artifacts.pickle.vm.opcode_table import machine_over

SEARCHED_BYTES = 256 << 20
OVERLAP_BYTES = 1024
FOLLOWED = 200

# Each name is as long as its text says: a pattern that tries every length takes a minute for a
# megabyte of letters.
_LINE = r"[A-Za-z_][\w.]{0,99}+\n"
_MEMO = r"(?:\x94|q.|r.{4})?"


@cache
def _imports() -> re.Pattern[bytes]:
    """An import of a name of up to a hundred letters, by lines or by texts on the stack."""
    short = "|".join(rf"\x{size:02x}[A-Za-z_][\w.]{{{size - 1}}}" for size in range(1, 101))
    wide = "|".join(rf"\x{size:02x}\0\0\0[A-Za-z_][\w.]{{{size - 1}}}" for size in range(1, 101))
    text = rf"(?:[\x8cU](?:{short})|[XT](?:{wide})){_MEMO}"
    pattern = rf"[ci]{_LINE}{_LINE}|{text}{text}\x93"
    return re.compile(pattern.encode("ascii"), re.DOTALL)


def salvage(window: Window, offset: int, judge: Judge, budget: Budget) -> int:
    """Follow what looks like an import from ``offset`` on; give how many there were.

    Bounded: ``SEARCHED_BYTES`` are searched and ``FOLLOWED`` imports followed.
    """
    result, last = 0, min(window.size_bytes, offset + SEARCHED_BYTES)
    done = offset
    while offset < last and result < FOLLOWED:
        budget.check_time()
        block = window.read(offset, 1 << 20)
        for match in _imports().finditer(block):
            start = offset + match.start()
            if start < done or result >= FOLLOWED:
                continue
            result += 1
            done = max(_follow(window, start, judge, budget), offset + match.end())
        if len(block) <= OVERLAP_BYTES:
            break
        offset += len(block) - OVERLAP_BYTES
    return result


def _follow(window: Window, start: int, judge: Judge, budget: Budget) -> int:
    """Run from an import until it breaks; a MARK is there in case it is an INST."""
    machine = machine_over(window, start, judge, budget)
    machine.marks.append(0)
    try:
        return machine.run()
    except ArtifactError:
        return machine.failed_at

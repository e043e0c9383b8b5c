"""Opcodes that move values on the stack or put them into containers."""

from __future__ import annotations

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.machine import STOPPED, Machine
from mlsec.artifacts.pickle.patterns import batch
from mlsec.artifacts.pickle.texts import Style
from mlsec.artifacts.pickle.values import Box, Stretch, Value
from mlsec.artifacts.pickle.written import note_writes

# Shorter ones are followed opcode by opcode: they may be a state or arguments that matter.
WORTH_BYTES = 2048


def mark(machine: Machine, position: int) -> int:
    tape = machine.tape
    stack = machine.stack
    if machine.is_batched and stack and type(stack[-1]) is Box and machine.runs.is_worth_a_batch():
        known = machine.runs.known
        many = known.batches() if known.is_taught else batch()
        skipped = many.match(tape.block, position, tape.held)
        if skipped and _is_skipped(machine, position, skipped.end()):
            machine.runs.missed = 0
            return skipped.end()
    machine.marks.append(len(stack))
    return position + 1


def _is_skipped(machine: Machine, position: int, end: int) -> bool:
    """Pass a batch of plain values for the container below; note which memo entries it wrote.

    Not when it mixes both ways of writing the memo: then entries cannot be numbered afterwards.
    """
    if end - position < WORTH_BYTES:
        return False
    stretch = Stretch(machine.tape.base + position, end - position, len(machine.memo), machine.runs)
    frames = note_writes(machine.tape, machine.memo, stretch, end)
    if frames is None:
        return False
    for start in frames:
        frame(machine, start)
    machine.stack[-1].skip(stretch)
    return True


def pop(machine: Machine, position: int) -> int:
    # As the loader does: a POP right after a MARK takes the MARK.
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()
    return position + 1


def pop_mark(machine: Machine, position: int) -> int:
    machine.to_mark_unread()
    return position + 1


def duplicate(machine: Machine, position: int) -> int:
    machine.stack.append(machine.stack[-1])
    return position + 1


def stop(machine: Machine, position: int) -> int:
    machine.result = machine.stack.pop()
    machine.end = machine.tape.base + position + 1
    if machine.end < machine.frame_end:
        machine.judge.unclear("STOP before its FRAME has ended", machine.end)
    return STOPPED


def tuple_mark(machine: Machine, position: int) -> int:
    machine.stack.append(machine.runs.as_tuple(machine.to_mark_unread()))
    return position + 1


def tuple_1(machine: Machine, position: int) -> int:
    machine.stack[-1] = (machine.stack[-1],)
    return position + 1


def tuple_2(machine: Machine, position: int) -> int:
    stack = machine.stack
    last = stack.pop()
    stack[-1] = (stack[-1], last)
    return position + 1


def tuple_3(machine: Machine, position: int) -> int:
    stack = machine.stack
    last = stack.pop()
    middle = stack.pop()
    stack[-1] = (stack[-1], middle, last)
    return position + 1


def _boxed(machine: Machine, kind: str) -> None:
    box = Box(kind)
    box.add(machine.to_mark_unread())
    machine.stack.append(box)


def list_mark(machine: Machine, position: int) -> int:
    _boxed(machine, "list")
    return position + 1


def dict_mark(machine: Machine, position: int) -> int:
    _boxed(machine, "dict")
    return position + 1


def frozenset_mark(machine: Machine, position: int) -> int:
    _boxed(machine, "frozenset")
    return position + 1


def _into(machine: Machine, values: list[Value], position: int) -> None:
    target = machine.stack[-1]
    if type(target) is Box:
        target.add(values)
    else:
        items = Box("dict")
        items.add(values)
        machine.judge.patched(target, items, machine.tape.base + position)


def append(machine: Machine, position: int) -> int:
    value = machine.stack.pop()
    _into(machine, [value], position)
    position += 1
    if machine.is_batched and type(machine.stack[-1]) is Box:
        appends = machine.runs.known.appends()
        skipped = appends.match(machine.tape.block, position, machine.tape.held)
        end = skipped.end() if skipped else position
        if end > position and _is_skipped(machine, position, end):
            return end
    return position


def setitem(machine: Machine, position: int) -> int:
    value = machine.stack.pop()
    key = machine.stack.pop()
    _into(machine, [key, value], position)
    return position + 1


def add_marked(machine: Machine, position: int) -> int:
    """APPENDS, SETITEMS and ADDITEMS."""
    values = machine.to_mark_unread()
    target = machine.stack[-1]
    if type(target) is Box:
        target.add(values)
    else:
        machine.judge.patched(
            target, machine.hooks.acting_pairs(values), machine.tape.base + position
        )
    return position + 1


def protocol(machine: Machine, position: int) -> int:
    number = machine.tape.block[position + 1]
    if number > 5:
        raise ArtifactError(f"protocol {number} is not known")
    machine.protocol = number
    machine.runs.known.style = Style.SHORT if number > 3 else Style.LONG
    return position + 2


def frame(machine: Machine, position: int) -> int:
    """FRAME: loaders differ where its length does not end between two opcodes of this stream."""
    tape = machine.tape
    offset = tape.base + position
    end = offset + 9 + int.from_bytes(tape.block[position + 1 : position + 9], "little")
    if end > tape.window.size_bytes:
        machine.judge.unclear("a FRAME that is longer than the file", offset)
    elif offset < machine.frame_end:
        machine.judge.unclear("a FRAME that begins inside another one", offset)
    machine.frame_end = min(end, tape.window.size_bytes)
    return position + 9


def unknown(machine: Machine, position: int) -> int:
    raise ArtifactError(f"byte 0x{machine.tape.block[position]:02x} is no opcode")


def nothing(machine: Machine, position: int) -> int:
    """READONLY_BUFFER: the same value on top."""
    return position + 1 if machine.stack else unknown(machine, position)

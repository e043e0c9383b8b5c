"""Opcodes that move values on the stack or put them into containers."""

from __future__ import annotations

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.vm.machine import STOPPED, Machine
from mlsec.artifacts.pickle.vm.number_skip import appended_numbers, batch_of_numbers
from mlsec.artifacts.pickle.vm.push_opcodes import take_again
from mlsec.artifacts.pickle.vm.values import Container, Value


def mark(machine: Machine, block: bytes, position: int) -> int:
    stack = machine.stack
    if stack and type(stack[-1]) is Container and stack[-1].is_full and machine.skips_data:
        batch = batch_of_numbers().match(block, position, machine.stop_at)
        if batch:
            stack[-1].is_partial = True
            return batch.end()
    machine.marks.append(len(stack) + machine.floor)
    return position + 1


def pop(machine: Machine, _block: bytes, position: int) -> int:
    # As the loader does: a POP right after a MARK takes the MARK.
    if machine.marks and machine.marks[-1] == len(machine.stack) + machine.floor:
        machine.marks.pop()
    else:
        machine.stack.pop()
    return position + 1


def pop_mark(machine: Machine, _block: bytes, position: int) -> int:
    machine.to_mark()
    return position + 1


def duplicate(machine: Machine, _block: bytes, position: int) -> int:
    take_again(machine, machine.stack[-1])
    return position + 1


def stop(machine: Machine, _block: bytes, position: int) -> int:
    machine.result = machine.stack.pop()
    machine.end = machine.reader.base + position + 1
    if machine.frames.next_end >= 0 and machine.frames.stopped(machine.end):
        machine.judge.unclear("STOP before its FRAME has ended", machine.end)
    return STOPPED


def tuple_mark(machine: Machine, _block: bytes, position: int) -> int:
    values = machine.as_tuple(machine.to_mark())
    machine.stack.append(values)
    return position + 1


def tuple_1(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack[-1] = (machine.stack[-1],)
    return position + 1


def tuple_2(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    last = stack.pop()
    stack[-1] = (stack[-1], last)
    return position + 1


def tuple_3(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    last = stack.pop()
    middle = stack.pop()
    stack[-1] = (stack[-1], middle, last)
    return position + 1


def _contain(machine: Machine, kind: str) -> None:
    container = Container(kind)
    container.add(machine.to_mark())
    machine.stack.append(container)


def list_mark(machine: Machine, _block: bytes, position: int) -> int:
    _contain(machine, "list")
    return position + 1


def dict_mark(machine: Machine, _block: bytes, position: int) -> int:
    _contain(machine, "dict")
    return position + 1


def frozenset_mark(machine: Machine, _block: bytes, position: int) -> int:
    _contain(machine, "frozenset")
    return position + 1


def _into(machine: Machine, values: list[Value], position: int) -> None:
    target = machine.stack[-1]
    if type(target) is Container:
        target.add(values)
    else:
        machine.judge.patched(target, values, machine.reader.base + position)


def append(machine: Machine, block: bytes, position: int) -> int:
    value = machine.stack.pop()
    _into(machine, [value], position)
    position += 1
    target = machine.stack[-1]
    if type(target) is Container and target.is_full and machine.skips_data:
        numbers = appended_numbers().match(block, position, machine.stop_at)
        if numbers:
            target.is_partial = True
            return numbers.end()
    return position


def setitem(machine: Machine, _block: bytes, position: int) -> int:
    value = machine.stack.pop()
    key = machine.stack.pop()
    _into(machine, [key, value], position)
    return position + 1


def add_marked(machine: Machine, _block: bytes, position: int) -> int:
    """APPENDS, SETITEMS and ADDITEMS."""
    _into(machine, machine.to_mark(), position)
    return position + 1


def protocol(machine: Machine, block: bytes, position: int) -> int:
    number = block[position + 1]
    if number > 5:
        raise ArtifactError(f"protocol {number} is not known")
    machine.protocol = number
    return position + 2


def frame(machine: Machine, block: bytes, position: int) -> int:
    """FRAME: loaders differ where its length does not end between two opcodes of this stream."""
    reader = machine.reader
    offset = reader.base + position
    end = offset + 9 + int.from_bytes(block[position + 1 : position + 9], "little")
    if end > reader.window.size_bytes:
        machine.judge.unclear("a FRAME that is longer than the file", offset)
    elif machine.frames.begin(offset, end):
        machine.judge.unclear("a FRAME that begins inside another one", offset)
    machine.set_stop()
    return position + 9


def unknown(_machine: Machine, block: bytes, position: int) -> int:
    raise ArtifactError(f"byte 0x{block[position]:02x} is no opcode")


def nothing(machine: Machine, block: bytes, position: int) -> int:
    """READONLY_BUFFER: the same value on top."""
    return position + 1 if machine.stack else unknown(machine, block, position)

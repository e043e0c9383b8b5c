"""Opcodes that push a literal, and those of the memo."""

from __future__ import annotations

from mlsec.artifacts.pickle.literals import (
    read_four,
    read_index,
    read_integer,
    read_little,
    read_quoted,
    read_text,
    read_unicode_line,
)
from mlsec.artifacts.pickle.machine import Machine
from mlsec.artifacts.pickle.texts import Style
from mlsec.artifacts.pickle.values import KEPT_BYTES, Blob, Box, Global, Plain, Result, Value


def none(machine: Machine, position: int) -> int:
    machine.stack.append(None)
    return position + 1


def true(machine: Machine, position: int) -> int:
    machine.stack.append(True)
    return position + 1


def false(machine: Machine, position: int) -> int:
    machine.stack.append(False)
    return position + 1


def int_1(machine: Machine, position: int) -> int:
    machine.stack.append(machine.tape.block[position + 1])
    return position + 2


def int_2(machine: Machine, position: int) -> int:
    block = machine.tape.block
    machine.stack.append(block[position + 1] | block[position + 2] << 8)
    return position + 3


def int_4(machine: Machine, position: int) -> int:
    machine.stack.append(read_four(machine.tape.block, position + 1))
    return position + 5


def float_8(machine: Machine, position: int) -> int:
    machine.stack.append(Plain.NUMBER)
    return position + 9


def int_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    machine.stack.append(read_integer(line))
    return end


def float_line(machine: Machine, position: int) -> int:
    _, end = machine.tape.line(position + 1)
    machine.stack.append(Plain.NUMBER)
    return end


def string_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    if end - position <= KEPT_BYTES:
        machine.stack.append(read_quoted(line))
    else:
        _blob(machine, position + 1, end - position - 2, is_text=True)
    return end


def unicode_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    if end - position <= KEPT_BYTES:
        machine.stack.append(read_unicode_line(line))
    else:
        _blob(machine, position + 1, end - position - 2, is_text=True)
    return end


def _blob(machine: Machine, position: int, size_bytes: int, *, is_text: bool) -> None:
    tape = machine.tape
    head = tape.counted(position, size_bytes, KEPT_BYTES)
    machine.stack.append(Blob(tape.base + position, size_bytes, head, is_text=is_text))


def text_1(machine: Machine, position: int) -> int:
    block = machine.tape.block
    end = position + 2 + block[position + 1]
    machine.stack.append(read_text(block[position + 2 : end]))
    return end


def bytes_1(machine: Machine, position: int) -> int:
    block = machine.tape.block
    end = position + 2 + block[position + 1]
    machine.stack.append(block[position + 2 : end])
    return end


def string_1(machine: Machine, position: int) -> int:
    block = machine.tape.block
    end = position + 2 + block[position + 1]
    machine.stack.append(block[position + 2 : end].decode("latin-1"))
    return end


def _long(machine: Machine, position: int, width: int, *, is_text: bool) -> int:
    tape = machine.tape
    start = position + 1 + width
    size_bytes = int.from_bytes(tape.block[position + 1 : start], "little")
    if size_bytes > KEPT_BYTES:
        _blob(machine, start, size_bytes, is_text=is_text)
    else:
        payload = tape.counted(start, size_bytes, size_bytes)
        machine.stack.append(read_text(payload) if is_text else payload)
    return start + size_bytes


def text_4(machine: Machine, position: int) -> int:
    return _long(machine, position, 4, is_text=True)


def text_8(machine: Machine, position: int) -> int:
    return _long(machine, position, 8, is_text=True)


def bytes_4(machine: Machine, position: int) -> int:
    return _long(machine, position, 4, is_text=False)


def bytes_8(machine: Machine, position: int) -> int:
    return _long(machine, position, 8, is_text=False)


def long_1(machine: Machine, position: int) -> int:
    block = machine.tape.block
    end = position + 2 + block[position + 1]
    machine.stack.append(read_little(block[position + 2 : end]))
    return end


def long_4(machine: Machine, position: int) -> int:
    tape = machine.tape
    start = position + 5
    size_bytes = read_four(tape.block, position + 1)
    payload: Value = tape.counted(start, max(size_bytes, 0), 100)
    machine.stack.append(read_little(payload))
    return start + max(size_bytes, 0)


def empty_tuple(machine: Machine, position: int) -> int:
    machine.stack.append(())
    return position + 1


def empty_list(machine: Machine, position: int) -> int:
    machine.stack.append(Box("list"))
    return position + 1


def empty_dict(machine: Machine, position: int) -> int:
    machine.stack.append(Box("dict"))
    return position + 1


def empty_set(machine: Machine, position: int) -> int:
    machine.stack.append(Box("set"))
    return position + 1


def buffer(machine: Machine, position: int) -> int:
    machine.stack.append(Plain.BUFFER)
    return position + 1


def memoize(machine: Machine, position: int) -> int:
    machine.memo.memoize(machine.stack[-1])
    return position + 1


def put_1(machine: Machine, position: int) -> int:
    machine.memo.put(machine.tape.block[position + 1], machine.stack[-1])
    return position + 2


def put_4(machine: Machine, position: int) -> int:
    index = int.from_bytes(machine.tape.block[position + 1 : position + 5], "little")
    machine.memo.put(index, machine.stack[-1])
    return position + 5


def put_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    machine.memo.put(read_index(line), machine.stack[-1])
    return end


_TOLD = frozenset((Global, str, Result))


def _get(machine: Machine, index: int, style: Style) -> None:
    value = machine.memo.get(index)
    if type(value) in _TOLD:
        machine.runs.known.read(index, value, style)
    machine.stack.append(value)


def _binary(machine: Machine) -> Style:
    return Style.SHORT if machine.protocol > 3 else Style.LONG


def get_1(machine: Machine, position: int) -> int:
    _get(machine, machine.tape.block[position + 1], _binary(machine))
    return position + 2


def get_4(machine: Machine, position: int) -> int:
    index = int.from_bytes(machine.tape.block[position + 1 : position + 5], "little")
    _get(machine, index, _binary(machine))
    return position + 5


def get_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    _get(machine, read_index(line), Style.LINES)
    return end

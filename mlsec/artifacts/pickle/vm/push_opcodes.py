"""Opcodes that push a literal, and those of the memo."""

from __future__ import annotations

from mlsec.artifacts.pickle.vm.literals import (
    read_four,
    read_index,
    read_integer,
    read_little,
    read_quoted,
    read_text,
    read_unicode_line,
)
from mlsec.artifacts.pickle.vm.machine import Machine
from mlsec.artifacts.pickle.vm.values import (
    KEPT_BYTES,
    Container,
    LongLiteral,
    Opaque,
    Value,
)

_MEMOIZE, _PUT_1, _PUT_4, _PUT_LINE = b"\x94qrp"


def none(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(None)
    return position + 1


def true(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(True)
    return position + 1


def false(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(False)
    return position + 1


def int_1(machine: Machine, block: bytes, position: int) -> int:
    machine.stack.append(block[position + 1])
    return position + 2


def int_2(machine: Machine, block: bytes, position: int) -> int:
    machine.stack.append(block[position + 1] | block[position + 2] << 8)
    return position + 3


def int_4(machine: Machine, block: bytes, position: int) -> int:
    machine.stack.append(read_four(block, position + 1))
    return position + 5


def float_8(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(Opaque.NUMBER)
    return position + 9


def int_line(machine: Machine, _block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    machine.stack.append(read_integer(line))
    return end


def float_line(machine: Machine, _block: bytes, position: int) -> int:
    _, end = machine.reader.line(position + 1)
    machine.stack.append(Opaque.NUMBER)
    return end


def long_1(machine: Machine, block: bytes, position: int) -> int:
    end = position + 2 + block[position + 1]
    machine.stack.append(read_little(block[position + 2 : end]))
    return end


def long_4(machine: Machine, block: bytes, position: int) -> int:
    start = position + 5
    size_bytes = max(read_four(block, position + 1), 0)
    machine.stack.append(read_little(machine.reader.counted(start, size_bytes, 100)))
    return start + size_bytes


def string_line(machine: Machine, block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    if end - position > KEPT_BYTES:
        return _long_literal(machine, position + 1, end - position - 2, end, is_text=True)
    return _push(machine, block, position, end, read_quoted(line))


def unicode_line(machine: Machine, block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    if end - position > KEPT_BYTES:
        return _long_literal(machine, position + 1, end - position - 2, end, is_text=True)
    return _push(machine, block, position, end, read_unicode_line(line))


def text_1(machine: Machine, block: bytes, position: int) -> int:
    end = position + 2 + block[position + 1]
    return _push(machine, block, position, end, read_text(block[position + 2 : end]))


def bytes_1(machine: Machine, block: bytes, position: int) -> int:
    end = position + 2 + block[position + 1]
    return _push(machine, block, position, end, block[position + 2 : end])


def string_1(machine: Machine, block: bytes, position: int) -> int:
    end = position + 2 + block[position + 1]
    return _push(machine, block, position, end, block[position + 2 : end].decode("latin-1"))


def text_4(machine: Machine, block: bytes, position: int) -> int:
    return _counted(machine, block, position, 4, is_text=True)


def text_8(machine: Machine, block: bytes, position: int) -> int:
    return _counted(machine, block, position, 8, is_text=True)


def bytes_4(machine: Machine, block: bytes, position: int) -> int:
    return _counted(machine, block, position, 4, is_text=False)


def bytes_8(machine: Machine, block: bytes, position: int) -> int:
    return _counted(machine, block, position, 8, is_text=False)


def _counted(machine: Machine, block: bytes, position: int, width: int, *, is_text: bool) -> int:
    start = position + 1 + width
    size_bytes = int.from_bytes(block[position + 1 : start], "little")
    end = start + size_bytes
    if size_bytes > KEPT_BYTES:
        return _long_literal(machine, start, size_bytes, end, is_text=is_text)
    payload = machine.reader.counted(start, size_bytes, size_bytes)
    return _push(machine, block, position, end, read_text(payload) if is_text else payload)


def _long_literal(machine: Machine, start: int, size_bytes: int, end: int, *, is_text: bool) -> int:
    reader = machine.reader
    head = reader.counted(start, size_bytes, KEPT_BYTES)
    machine.stack.append(LongLiteral(reader.base + start, size_bytes, head, is_text=is_text))
    return end


def _push(machine: Machine, block: bytes, position: int, end: int, value: Value) -> int:
    """Push a text or bytes, and store it where the next opcode does."""
    machine.stack.append(value)
    if end >= machine.stop_at:
        return end
    code, literal = block[end], machine.reader.base + position
    if code == _MEMOIZE:
        machine.memo.memoize(value, literal)
        return end + 1
    if code == _PUT_1:
        machine.memo.put(block[end + 1], value, literal)
        return end + 2
    if code == _PUT_4:
        machine.memo.put(int.from_bytes(block[end + 1 : end + 5], "little"), value, literal)
        return end + 5
    if code == _PUT_LINE:
        line, after = machine.reader.line(end + 1)
        machine.memo.put(read_index(line), value, literal)
        return after
    return end


def empty_tuple(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(())
    return position + 1


def empty_list(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(Container("list"))
    return position + 1


def empty_dict(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(Container("dict"))
    return position + 1


def empty_set(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(Container("set"))
    return position + 1


def buffer(machine: Machine, _block: bytes, position: int) -> int:
    machine.stack.append(Opaque.BUFFER)
    return position + 1


def memoize(machine: Machine, _block: bytes, position: int) -> int:
    machine.memo.memoize(machine.stack[-1])
    return position + 1


def put_1(machine: Machine, block: bytes, position: int) -> int:
    machine.memo.put(block[position + 1], machine.stack[-1])
    return position + 2


def put_4(machine: Machine, block: bytes, position: int) -> int:
    index = int.from_bytes(block[position + 1 : position + 5], "little")
    machine.memo.put(index, machine.stack[-1])
    return position + 5


def put_line(machine: Machine, _block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    machine.memo.put(read_index(line), machine.stack[-1])
    return end


# What may be a container: a value of which nothing is known any more, too.
_MAY_HOLD = (Container, tuple, Opaque)


def take_again(machine: Machine, value: Value) -> None:
    """Push a value that is elsewhere already."""
    if type(value) in _MAY_HOLD and value:
        machine.reads_containers = True
    machine.stack.append(value)


def get_1(machine: Machine, block: bytes, position: int) -> int:
    take_again(machine, machine.memo.get(block[position + 1]))
    return position + 2


def get_4(machine: Machine, block: bytes, position: int) -> int:
    take_again(
        machine, machine.memo.get(int.from_bytes(block[position + 1 : position + 5], "little"))
    )
    return position + 5


def get_line(machine: Machine, _block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    take_again(machine, machine.memo.get(read_index(line)))
    return end

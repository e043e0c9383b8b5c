"""The table of the pickle machine: one function per opcode, by its byte."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.limits import Budget
from mlsec.artifacts.pickle.vm import call_opcodes as call
from mlsec.artifacts.pickle.vm import push_opcodes as push
from mlsec.artifacts.pickle.vm import stack_opcodes as stack
from mlsec.artifacts.pickle.vm.block_reader import Watch
from mlsec.artifacts.pickle.vm.machine import Judge, Machine, Step

BY_OPCODE: Mapping[bytes, Step] = {
    b"N": push.none, b"\x88": push.true, b"\x89": push.false,
    b"K": push.int_1, b"M": push.int_2, b"J": push.int_4, b"G": push.float_8,
    b"I": push.int_line, b"L": push.int_line, b"F": push.float_line,
    b"\x8a": push.long_1, b"\x8b": push.long_4,
    b"S": push.string_line, b"V": push.unicode_line, b"U": push.string_1, b"T": push.text_4,
    b"\x8c": push.text_1, b"X": push.text_4, b"\x8d": push.text_8,
    b"C": push.bytes_1, b"B": push.bytes_4, b"\x8e": push.bytes_8, b"\x96": push.bytes_8,
    b")": push.empty_tuple, b"]": push.empty_list, b"}": push.empty_dict, b"\x8f": push.empty_set,
    b"\x97": push.buffer,
    b"\x94": push.memoize, b"q": push.put_1, b"r": push.put_4, b"p": push.put_line,
    b"h": push.get_1, b"j": push.get_4, b"g": push.get_line,
    b"(": stack.mark, b"0": stack.pop, b"1": stack.pop_mark, b"2": stack.duplicate,
    b".": stack.stop, b"t": stack.tuple_mark, b"l": stack.list_mark, b"d": stack.dict_mark,
    b"\x91": stack.frozenset_mark, b"\x85": stack.tuple_1, b"\x86": stack.tuple_2,
    b"\x87": stack.tuple_3, b"a": stack.append, b"s": stack.setitem,
    b"e": stack.add_marked, b"u": stack.add_marked, b"\x90": stack.add_marked,
    b"\x80": stack.protocol, b"\x95": stack.frame, b"\x98": stack.nothing,
    b"c": call.global_lines, b"\x93": call.stack_global, b"R": call.reduce, b"i": call.inst,
    b"o": call.obj, b"\x81": call.newobj, b"\x92": call.newobj_ex, b"b": call.build,
    b"\x82": call.ext_1, b"\x83": call.ext_2, b"\x84": call.ext_4,
    b"P": call.persistent_line, b"Q": call.persistent,
}  # fmt: skip

_GIVEN = {opcode[0]: step for opcode, step in BY_OPCODE.items()}
STEPS: tuple[Step, ...] = tuple(_GIVEN.get(code, stack.unknown) for code in range(256))


def machine_over(
    window: Window, offset: int, judge: Judge, budget: Budget, watch: Watch | None = None
) -> Machine:
    """A machine for the stream that begins at ``offset``."""
    return Machine(window, offset, judge, budget, STEPS, watch)

"""Opcodes that import, call, build or reach outside the stream."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mlsec.artifacts.pickle.vm.machine import Machine
from mlsec.artifacts.pickle.vm.values import (
    CallKind,
    CallResult,
    Container,
    Global,
    Opaque,
    Value,
)


def _named_by_lines(machine: Machine, position: int) -> tuple[Global, int]:
    module, middle = machine.reader.line(position + 1)
    # The second line may lie in a later block: the reader reads on from any position.
    name, end = machine.reader.line(middle)
    text = module.decode("utf-8", "replace"), name.decode("utf-8", "replace")
    return machine.name(*text, position), end


def global_lines(machine: Machine, _block: bytes, position: int) -> int:
    name, end = _named_by_lines(machine, position)
    machine.stack.append(name)
    return end


def stack_global(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    name, module = stack.pop(), stack.pop()
    if isinstance(name, str) and isinstance(module, str):
        stack.append(machine.name(module, name, position))
    else:
        detail = "imports a name that is not written out as two strings"
        machine.judge.hidden("STACK_GLOBAL", detail, machine.reader.base + position)
        stack.append(Opaque.UNKNOWN)
    return position + 1


def _call(
    machine: Machine, how: CallKind, function: Value, arguments: Value, position: int
) -> CallResult:
    offset = machine.reader.base + position
    if type(arguments) is Container and arguments.kind == "tuple":
        name = function.full if type(function) is Global else "a computed value"
        machine.judge.hidden(name, "called with more arguments than are read", offset)
    machine.judge.called(how, function, arguments, offset)
    return CallResult(function, arguments)


def reduce(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = _call(machine, CallKind.REDUCE, stack[-1], arguments, position)
    return position + 1


def inst(machine: Machine, _block: bytes, position: int) -> int:
    arguments = machine.as_tuple(machine.to_mark())
    function, end = _named_by_lines(machine, position)
    machine.stack.append(_call(machine, CallKind.INST, function, arguments, position))
    return end


def obj(machine: Machine, _block: bytes, position: int) -> int:
    function, *given = machine.to_mark() or [Opaque.UNKNOWN]
    # The class is one of the first values, so that one more than those may be left.
    arguments = machine.as_tuple([None, *given])
    arguments = arguments[1:] if type(arguments) is tuple else arguments
    machine.stack.append(_call(machine, CallKind.OBJ, function, arguments, position))
    return position + 1


def newobj(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = _call(machine, CallKind.NEW, stack[-1], arguments, position)
    return position + 1


def newobj_ex(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    named, arguments = stack.pop(), stack.pop()
    if isinstance(arguments, tuple) and not (isinstance(named, Container) and not named.items):
        arguments = (*arguments, named)
    stack[-1] = _call(machine, CallKind.NEW, stack[-1], arguments, position)
    return position + 1


def build(machine: Machine, _block: bytes, position: int) -> int:
    stack, base = machine.stack, machine.reader.base
    state = stack.pop()
    target = stack[-1]
    machine.judge.built(target, state, base + position)
    if type(target) is CallResult and target is not getattr(target.function, "instance", None):
        target.state = state
    if machine.after_build:
        beyond = machine.after_build(target, state, base + position + 1)
        if beyond >= 0:
            return _pass_raw(machine, partial(machine.after_build, target, state), position, beyond)
    return position + 1


def _pass_raw(machine: Machine, end_of: Callable[[int], int], position: int, beyond: int) -> int:
    """Go on behind raw numbers, which the loader reads from the file, that is behind a frame."""
    base = machine.reader.base
    offset = base + position + 1
    if machine.frames.next_end >= 0:
        if machine.frames.interrupted(offset, beyond, end_of):
            machine.judge.unclear("a FRAME that goes on where raw numbers follow", offset)
        machine.set_stop()
    machine.gaps.append((offset, beyond))
    return beyond - base


def _extension(machine: Machine, block: bytes, position: int, width: int) -> int:
    code = int.from_bytes(block[position + 1 : position + 1 + width], "little")
    machine.judge.hidden(
        f"extension {code}",
        "imports a name by number from a registry that is not in the file",
        machine.reader.base + position,
    )
    machine.stack.append(Opaque.UNKNOWN)
    return position + 1 + width


def ext_1(machine: Machine, block: bytes, position: int) -> int:
    return _extension(machine, block, position, 1)


def ext_2(machine: Machine, block: bytes, position: int) -> int:
    return _extension(machine, block, position, 2)


def ext_4(machine: Machine, block: bytes, position: int) -> int:
    return _extension(machine, block, position, 4)


def persistent_line(machine: Machine, _block: bytes, position: int) -> int:
    line, end = machine.reader.line(position + 1)
    offset = machine.reader.base + position
    machine.stack.append(machine.judge.persistent(line.decode("latin-1"), offset))
    return end


def persistent(machine: Machine, _block: bytes, position: int) -> int:
    stack = machine.stack
    stack[-1] = machine.judge.persistent(stack[-1], machine.reader.base + position)
    return position + 1

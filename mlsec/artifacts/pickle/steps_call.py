"""Opcodes that import, call, build or reach outside the stream."""

from __future__ import annotations

from mlsec.artifacts.pickle.machine import Machine
from mlsec.artifacts.pickle.values import Box, Global, How, Plain, Result, Value


def global_lines(machine: Machine, position: int) -> int:
    module, middle = machine.tape.line(position + 1)
    # The second line may lie in a later block: the tape reads on from any position.
    name, end = machine.tape.line(middle)
    machine.stack.append(
        machine.name(module.decode("utf-8", "replace"), name.decode("utf-8", "replace"), position)
    )
    return end


def stack_global(machine: Machine, position: int) -> int:
    stack = machine.stack
    name, module = stack.pop(), stack.pop()
    offset = machine.tape.base + position
    if isinstance(name, str) and isinstance(module, str):
        stack.append(machine.name(module, name, position))
    else:
        machine.judge.hidden(
            "STACK_GLOBAL", "imports a name that is not written out as two strings", offset
        )
        stack.append(Plain.UNKNOWN)
    return position + 1


def _call(machine: Machine, how: How, function: Value, arguments: Value, position: int) -> Result:
    offset = machine.tape.base + position
    machine.runs.calls += 1
    if type(arguments) is Box and arguments.kind == "tuple":
        name = function.full if type(function) is Global else "a computed value"
        machine.judge.hidden(name, "called with more arguments than are read", offset)
    machine.judge.called(how, function, arguments, offset)
    return Result(function, arguments, None)


def reduce(machine: Machine, position: int) -> int:
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = _call(machine, How.REDUCE, stack[-1], arguments, position)
    return position + 1


def inst(machine: Machine, position: int) -> int:
    module, middle = machine.tape.line(position + 1)
    name, end = machine.tape.line(middle)
    arguments = machine.runs.as_tuple(machine.to_mark_unread())
    function = machine.name(
        module.decode("utf-8", "replace"), name.decode("utf-8", "replace"), position
    )
    machine.stack.append(_call(machine, How.INST, function, arguments, position))
    return end


def obj(machine: Machine, position: int) -> int:
    values = machine.to_mark_unread() or [Plain.UNKNOWN]
    function = machine.runs.flat(values, 1)[0]
    arguments = machine.runs.as_tuple(values)
    arguments = arguments[1:] if type(arguments) is tuple else arguments
    machine.stack.append(_call(machine, How.OBJ, function, arguments, position))
    return position + 1


def newobj(machine: Machine, position: int) -> int:
    stack = machine.stack
    arguments = stack.pop()
    stack[-1] = _call(machine, How.NEW, stack[-1], arguments, position)
    return position + 1


def newobj_ex(machine: Machine, position: int) -> int:
    stack = machine.stack
    named, arguments = stack.pop(), stack.pop()
    if isinstance(arguments, tuple) and not (isinstance(named, Box) and not named.items):
        arguments = (*arguments, named)
    stack[-1] = _call(machine, How.NEW, stack[-1], arguments, position)
    return position + 1


def build(machine: Machine, position: int) -> int:
    stack = machine.stack
    state = stack.pop()
    target = stack[-1]
    offset = machine.tape.base + position
    for part in state if type(state) is tuple and len(state) == 2 else (state,):
        if type(part) is Box and (part.is_partial or part.skipped or part.rest):
            machine.runs.read_keys(part)
    machine.hooks.read_tables(state)
    machine.judge.built(target, state, offset)
    if type(target) is Result and target is not getattr(target.function, "instance", None):
        target.state = state
    if machine.gap:
        beyond = machine.gap(target, state, offset + 1)
        if beyond >= 0:
            return beyond - machine.tape.base
    return position + 1


def _extension(machine: Machine, position: int, width: int) -> int:
    code = int.from_bytes(machine.tape.block[position + 1 : position + 1 + width], "little")
    machine.judge.hidden(
        f"extension {code}",
        "imports a name by number from a registry that is not in the file",
        machine.tape.base + position,
    )
    machine.stack.append(Plain.UNKNOWN)
    return position + 1 + width


def ext_1(machine: Machine, position: int) -> int:
    return _extension(machine, position, 1)


def ext_2(machine: Machine, position: int) -> int:
    return _extension(machine, position, 2)


def ext_4(machine: Machine, position: int) -> int:
    return _extension(machine, position, 4)


def persistent_line(machine: Machine, position: int) -> int:
    line, end = machine.tape.line(position + 1)
    offset = machine.tape.base + position
    machine.stack.append(machine.judge.persistent(line.decode("latin-1"), offset))
    return end


def persistent(machine: Machine, position: int) -> int:
    stack = machine.stack
    stack[-1] = machine.judge.persistent(stack[-1], machine.tape.base + position)
    return position + 1

"""Judges the JSON of a program that ``torch.export`` wrote: texts of it are evaluated as Python.

Sizes go through sympy, guards through ``exec``, and the shapes of arguments import what they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.json_text import walk
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.formats.torch.archives import OWN_OPERATORS
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

MOST_TEXTS = 200_000
LONGEST_EXPRESSION = 64 << 10
# What an expression of sizes is made of. A call of what a bracket gave, an attribute and a text
# that is more than the name of a symbol are none of it.
_WRONG = regex(r"[\])}'\"]\s*\(|__|[^\w\s()+\-*/%,.=<>&|~!'\"]|(?<!\d)\.(?!\d)")
_GUARD_WRONG = regex(r"[\])}'\"]\s*\(|__|[^\w\s()\[\]+\-*/%,.=<>&|~!:'\"]|[\r\n]")
_TEXT = regex(r"'[^'\"\\]{0,200}'|\"[^'\"\\]{0,200}\"")
_CALL = regex(r"(?<![\w.])([\w.]++)\s*+\(")
_ATTRIBUTE = regex(r"\.\s*([A-Za-z_]\w*)")
# Functions of sympy, and those of torch in guards, that begin with a small letter.
_FUNCTIONS = frozenset(
    """floor ceiling ceil sqrt exp log abs sign max min len not and or if else in int float bool
    trunc pow sin cos tan asin acos atan sinh cosh tanh is_integer sym_sqrt sym_float""".split()  # noqa: SIM905
)
_OF_TENSORS = frozenset(
    "size stride storage_offset dim item numel is_integer floor ceil trunc sqrt shape".split()  # noqa: SIM905
)
_IMPORTS = regex(r"\"(?:fqn|default_factory_module)\\*\"\s*:\s*\\*\"([^\"\\]{1,300})")
_PLAIN_MODULES = frozenset(("builtins", "collections", "torch", "typing"))
_OPERATOR = regex(r"torch\.ops\.(\w+)\.")


def is_exported_program(value: Any) -> bool:
    """Whether a JSON value is a program of torch.export."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("graph_module"), Mapping)
        and ("schema_version" in value or "opset_version" in value)
    )


def judge_exported_program(value: Any, record: Recorder) -> None:
    """Note texts that are more than sizes, guards and shapes, and operators of others."""
    count = 0
    for _, part in walk(value):
        if not isinstance(part, Mapping):
            continue
        count += 1
        if count > MOST_TEXTS:
            record.gap(GapReason.OVER_LIMIT, f"more than {MOST_TEXTS} parts of a program")
            return
        _expression(part.get("expr_str"), record)
        _target(part.get("target"), record)
        for key in ("in_spec", "out_spec"):
            _shape(part.get(key), record)
        _shape(part.get("dataclass_name"), record)
    guards = value.get("guards_code")
    for guard in guards if isinstance(guards, list) else ():
        if not isinstance(guard, str) or (said := problem_in_guard(guard)):
            _note(record, str(guard), f"a guard is run as Python: {said}")


def _expression(text: Any, record: Recorder) -> None:
    if isinstance(text, str) and (said := problem_in_expression(text)):
        _note(record, text, f"the expression of a size is evaluated as Python: {said}")


def problem_in_expression(text: str) -> str:
    """What does not belong in the expression of a size; "" for nothing."""
    if len(text) > LONGEST_EXPRESSION:
        return "longer than any size"
    plain = _TEXT.sub(lambda match: "0" if match.group()[1:-1].isidentifier() else "'", text)
    if "'" in plain or '"' in plain:
        return "a text that is no name"
    if result := _WRONG.search(plain):
        return plain[max(result.start() - 20, 0) : result.end() + 20]
    return _unknown_call(plain)


def problem_in_guard(text: str) -> str:
    """What does not belong in a guard; "" for nothing."""
    if len(text) > LONGEST_EXPRESSION:
        return "longer than any guard"
    plain = _TEXT.sub("0", text)
    if "'" in plain or '"' in plain:
        return "a text that does not end"
    if match := _GUARD_WRONG.search(plain):
        return plain[max(match.start() - 20, 0) : match.end() + 20]
    for name in _ATTRIBUTE.findall(plain):
        if name not in _OF_TENSORS:
            return f".{name}"
    return _unknown_call(plain)


def _unknown_call(plain: str) -> str:
    for name in _CALL.findall(plain):
        last = name.rpartition(".")[2]
        if not last[:1].isupper() and last not in _FUNCTIONS and last not in _OF_TENSORS:
            return f"{name}("
    return ""


def _target(text: Any, record: Recorder) -> None:
    """The function that a node calls: an operator, or what is reached through torch."""
    if not isinstance(text, str):
        return
    if match := _OPERATOR.match(text):
        if match[1] not in OWN_OPERATORS:
            detail = "needs a library of operators that is not torch's own"
            record.fact(FactKind.CUSTOM_OPERATOR, text[:200], detail)
        return
    module, _, name = text.rpartition(".")
    danger = danger_of(module, name) if text.startswith(("torch.", "math.")) else None
    if danger is not None:
        detail = "is called by the program"
        record.fact(FactKind.DENIED_CALL, text[:200], detail, danger=danger)


def _shape(text: Any, record: Recorder) -> None:
    for match in _IMPORTS.finditer(text) if isinstance(text, str) else ():
        module, _, name = match[1].partition(":")
        danger = danger_of(module, name or "x")
        if danger is not None or module.partition(".")[0] not in _PLAIN_MODULES:
            detail = "a module that the shape of the arguments has imported"
            kind = FactKind.CUSTOM_CODE if danger is None else FactKind.DENIED_CALL
            record.fact(kind, match[1], detail, danger=danger)


def _note(record: Recorder, text: str, detail: str) -> None:
    record.fact(FactKind.EMBEDDED_CODE, text[:200], detail[:300], danger=Severity.HIGH)

"""Ways of judging a call by the text or container that it is given."""

from __future__ import annotations

import msgspec

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import LISTED
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.policy.evidence import evidence, is_inert
from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, LongLiteral, Value
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

READ_BYTES = 4 << 20


def iterator(call: Call) -> Judgement | None:
    """``iter(container)``: how iterators are stored; given two, it calls the first without end."""
    items = call.items or ()
    made_by = class_of(items[0]) if len(items) == 1 else None
    is_listed = isinstance(made_by, Global) and made_by.entry.standing in LISTED
    if len(items) == 1 and (
        isinstance(items[0], (str, bytes, tuple, Container, LongLiteral)) or is_listed
    ):
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="iterates over what is made by a call")


# A range of characters that may be wide, and how many of them a pattern may have that asks for
# every case of each: one costs milliseconds, and a kilobyte holds two hundred.
_RANGE = regex(r"[^\x00-\x7f]-|-[^\x00-\x7f]|\\[uUx][0-9A-Fa-f]{2,8}-|-\\[uU][0-9A-Fa-f]{4,8}")
_MOST_RANGES, _IGNORES_CASE = 400, 2


def pattern(call: Call) -> Judgement | None:
    """``re._compile(pattern, flags)``: a pattern that takes minutes to compile is a bomb."""
    items = call.items or ()
    text = items[0] if items else None
    if isinstance(text, LongLiteral) and text.size_bytes > READ_BYTES:
        detail = f"a pattern of {text.size_bytes} bytes, which takes minutes to compile"
        return Judgement(kind=FactKind.BOMB, detail=detail, danger=Severity.MEDIUM)
    if isinstance(text, LongLiteral):
        text = call.judge.window.read(text.offset, text.size_bytes)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    flags = items[1] if len(items) > 1 else 0
    if len(items) > 2 or not isinstance(text, str) or not isinstance(flags, int):
        detail = "compiles a pattern that is not written out"
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail=detail)
    ignores_case = flags & _IGNORES_CASE or "(?i" in text[:1024]
    if ignores_case and len(_RANGE.findall(text)) > _MOST_RANGES:
        detail = "a pattern that takes minutes to compile"
        return Judgement(kind=FactKind.BOMB, detail=detail, danger=Severity.MEDIUM)
    return None


def _is_codec(value: Value) -> bool:
    function = value.function if isinstance(value, CallResult) else None
    return isinstance(function, Global) and function.entry.word == "codec"


def compiled_pattern(call: Call) -> Judgement | None:
    """``regex._regex.compile(pattern, flags, code, ...)``: the pattern and what was made of it."""
    items = call.items or ()
    # Protocol 2 writes bytes as a call of its own, which is judged where it stands.
    if not items or not all(_is_codec(item) or is_inert(item) for item in items[2:]):
        detail = "compiles a pattern of what is computed"
        return Judgement(kind=FactKind.UNKNOWN_CALL, detail=detail)
    return pattern(msgspec.structs.replace(call, items=items[:2]))


# What dill writes as text and lets Python read again: values that have one spelling only.
_NUMBER = "-?[0-9]{1,20}"
_WRITTEN = regex(
    rf"(?:None|Ellipsis|NotImplemented|x?range\({_NUMBER}(?:, {_NUMBER}){{0,2}}\)"
    rf"|slice\((?:None|{_NUMBER})(?:, (?:None|{_NUMBER})){{2}}\))\Z"
)


def written_value(call: Call) -> Judgement | None:
    """``_eval_repr("NotImplemented")``: Python runs the text, which must be one of few values."""
    items = call.items or ()
    if len(items) == 1 and isinstance(items[0], str) and _WRITTEN.match(items[0]):
        return None
    said = evidence(call.items)
    detail = "runs a text that is no plain value" + (f": {said}" if said else "")
    return Judgement(kind=FactKind.DENIED_CALL, detail=detail)


_ZONE = regex(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}\Z")


def zone(call: Call) -> Judgement | None:
    """``pytz._p("Europe/Rome", 3600, 0, "CET")``: pytz looks the name up among its own zones."""
    items = call.items or ()
    name, *rest = items or ("UTC",)
    flat = all(item is None or type(item) in (int, bool) or _is_plain_word(item) for item in rest)
    if call.items is not None and isinstance(name, str) and _ZONE.match(name) and flat:
        return None
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="called with what names no time zone")


def _is_plain_word(value: Value) -> bool:
    return isinstance(value, str) and len(value) <= 10 and value.lstrip("+-").isalnum()


_LOCAL_FILES = "fsspec.implementations.local.LocalFileSystem"


def file_system(call: Call) -> Judgement | None:
    """``make_instance(class, arguments, named)``: fsspec's object for files on this machine.

    Made with settings alone it opens none; the file systems of other machines connect.
    """
    items = call.items or ()
    owner = items[0] if len(items) == 3 else None
    is_local = isinstance(owner, Global) and owner.full == _LOCAL_FILES
    if is_local and items[1] == () and is_inert(items[2]):
        return None
    return Judgement(
        kind=FactKind.DENIED_CALL, detail="called: makes what reaches files or networks"
    )


def kept(_case: Call) -> Judgement | None:
    """A method that classes keep under their own name; no file calls it itself."""
    return Judgement(kind=FactKind.UNKNOWN_CALL, detail="called, though libraries only keep it")

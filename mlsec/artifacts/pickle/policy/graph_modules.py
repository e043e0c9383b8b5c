"""Judges modules of torch.fx: they are stored as Python source, which is run to load them."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.known_names import LISTED, Standing
from mlsec.artifacts.pickle.policy.argument_calls import is_function
from mlsec.artifacts.pickle.policy.call_judgement import Call, Judgement
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, LongLiteral, Value
from mlsec.core.enums import GapReason, Severity

LONGEST = 4 << 20
LOOKED_AT = 50_000
_IN_PART = (
    "a module that is stored as source has more parts than are looked at: what its source could"
    " call by their names is not known"
)
_TRACER = "_tracer_cls"
# Classes of Python's own, which make a value of what they are given.
_TYPES = frozenset(
    "object dict list tuple set frozenset int float bool complex str bytes".split()  # noqa: SIM905
)
RUNS = "Python source that is run when it is loaded: it calls torch's operators and its own parts"


def traced(call: Call) -> Judgement | None:
    """``reduce_graph_module(parts, imports)``: the imports and the source are run, then traced."""
    source = _source(call)
    if source is None:
        detail = "runs source that is not written out"
        return Judgement(kind=FactKind.DENIED_CALL, detail=detail)
    parts, is_whole = _values(call.items[0]) if call.items else ([], True)
    if said := _tracer(call.items[0] if call.items else None) or _parts(parts):
        return Judgement(kind=FactKind.DENIED_CALL, detail=said, danger=Severity.HIGH)
    if not is_whole:
        call.judge.record.gap(GapReason.OVER_LIMIT, _IN_PART)
    from mlsec.artifacts.pickle.policy.traced_source import refused  # noqa: PLC0415 - parsing loads much

    try:
        said, is_denied = refused(source, call.judge.policy)
    except (SyntaxError, OverLimitError):
        said, is_denied = "what does not parse here", False
    if said:
        danger = Severity.CRITICAL if is_denied else Severity.HIGH
        detail = f"runs source that it brings: {said}"
        return Judgement(kind=FactKind.DENIED_CALL, detail=detail, danger=danger)
    return Judgement(kind=FactKind.EMBEDDED_CODE, detail=RUNS, danger=Severity.LOW)


def _source(call: Call) -> bytes | None:
    items = call.items
    if items is None or len(items) != 2 or not isinstance(items[0], Container):
        return None
    if items[0].kind != "dict" or items[0].is_partial:
        return None
    body = items[0].mapping()
    texts = [_text(call.judge.window, item) for item in (items[1], body.get("_code"))]
    if texts[1] == b"" or "_code" not in body:
        texts[1] = _text(call.judge.window, body.get("code"))
    return None if None in texts else b"".join(text or b"" for text in texts)


def _text(window: Window, value: Value) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, LongLiteral) and value.is_text and value.size_bytes <= LONGEST:
        data = bytes(window.exactly(value.offset, value.size_bytes))
        # As protocol 0 writes it: a line, in which the ends of lines are escaped.
        is_line = value.offset and window.exactly(value.offset - 1, 1) == b"V"
        return data.decode("raw-unicode-escape").encode("utf-8", "replace") if is_line else data
    return None


def _tracer(body: Value) -> str:
    """What is wrong with the class that traces the source anew, in words."""
    tracer = body.mapping().get(_TRACER) if isinstance(body, Container) else None
    if tracer is not None and not _is_tracer(tracer):
        return "is traced by a class that is not known, whose methods run"
    return ""


def _parts(parts: list[Value]) -> str:
    """What among the parts the source could call by their names, in words."""
    for part in parts:
        if isinstance(part, Global):
            name = part.name.rpartition(".")[2].lstrip("_")
            if name[:1].isupper() and part.entry.standing is not Standing.DENIED:
                continue
            if part.entry.standing is Standing.CLASS or _is_operator(part) or name in _TYPES:
                continue
            return f"runs source that could call {part.full}, which is among its parts"
        if isinstance(part, CallResult) and is_function(part) and not _is_of_class(part):
            return "runs source that could call a function that is among its parts"
    return ""


def _is_operator(global_: Global) -> bool:
    return global_.module in ("torch.nn.functional", "torch._C._nn", "torch") and (
        global_.entry.standing is not Standing.DENIED and global_.name[:1].islower()
    )


def _is_of_class(made: CallResult) -> bool:
    """``functools.partial(Class, ...)`` or a method of a class, as layers keep them."""
    given = made.arguments[0] if type(made.arguments) is tuple and made.arguments else None
    if not isinstance(given, Global) or given.entry.standing is Standing.DENIED:
        return False
    return given.name.lstrip("_")[:1].isupper()


def _is_tracer(value: Value) -> bool:
    if not isinstance(value, Global):
        return False
    package = value.module.partition(".")[0]
    return value.entry.standing in LISTED or package in ("torch", "torchvision", "transformers")


def _values(value: Value) -> tuple[list[Value], bool]:
    """The values in it and in the states of its objects, and whether these are all of them."""
    waiting, seen, result, is_whole = [value], set[int](), list[Value](), True
    while waiting and len(result) < LOOKED_AT:
        collected = waiting.pop()
        if isinstance(collected, (Container, CallResult)):
            if id(collected) in seen:
                continue
            seen.add(id(collected))
        result.append(collected)
        if isinstance(collected, tuple):
            waiting.extend(collected)
        elif isinstance(collected, Container):
            # Of a long list or table only the first items are kept.
            is_whole = is_whole and not collected.is_partial
            waiting.extend(collected.items)
        elif isinstance(collected, CallResult):
            waiting += [collected.arguments, collected.state]
    return result, is_whole and not waiting

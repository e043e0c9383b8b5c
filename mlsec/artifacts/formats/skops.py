"""Judges the schema of a skops file: every type, function and method that loading it would use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.json_text import walk
from mlsec.artifacts.content.references import leaves_folder
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# What honest estimators are made of. Source: skops' own default of trusted types, widened to
# the classes and functions that the libraries keep beside their public ones.
_TRUSTED = regex(
    r"(?:sklearn(?:\.(?!datasets|externals|utils\._testing)[A-Za-z0-9_]+)*"
    r"|numpy(?:\.(?:random(?:\.[A-Za-z0-9_]+)*|ma(?:\.core)?|_core(?:\.[a-z_]+)?|core(?:\.[a-z_]+)?"
    r"|dtypes|linalg))?"
    r"|scipy\.(?:sparse|special|stats|interpolate|spatial|optimize|linalg)(?:\.[A-Za-z0-9_]+)*"
    r"|scipy\._lib\.array_api_compat(?:\.[a-z_]+)*|xgboost\.(?:sklearn|core)|lightgbm\.(?:sklearn|basic)|catboost\.core"
    r"|quantile_forest(?:\.[a-z_]+)*|collections|datetime|zoneinfo|decimal|fractions"
    r"|pandas\.core(?:\.[A-Za-z0-9_]+)*)\Z"
)
_BUILTIN_TYPES = frozenset(
    """int float str bool bytes bytearray complex list tuple dict set frozenset slice type range
    NoneType ellipsis object len max min sum abs round sorted map zip enumerate""".split()  # noqa: SIM905
)
_GETTERS = frozenset({"attrgetter", "itemgetter", "methodcaller"})
_LOSS = regex(
    r"CyHalf[A-Za-z]+\Z|CyAbsoluteError\Z|CyPinballLoss\Z|CyHuberLoss\Z|CyExponentialLoss\Z"
)
# What rebuilds nodes in skops 0.15 and before; numpy's generators of random bits.
_LOADERS = frozenset(
    """BytearrayNode BytesNode CachedNode ConstructorFromReduceNode DTypeNode DefaultDictNode
    DictNode FunctionNode JsonNode ListNode LossNode MaskedArrayNode MethodNode NdArrayNode
    ObjectNode OperatorFuncNode PartialNode QuantileForestNode RandomGeneratorNode
    RandomStateNode ReduceNode
    SetNode SliceNode SparseMatrixNode TreeNode TupleNode TypeNode SGDNode DatetimeNode
    DictWithDeprecatedKeysNode OrderedDictNode DatetimeTimedeltaNode TzInfoNode""".split()  # noqa: SIM905
)
_BIT_GENERATORS = frozenset("PCG64 PCG64DXSM MT19937 Philox SFC64".split())  # noqa: SIM905
_WORD = regex(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def is_skops_schema(value: Any) -> bool:
    """Whether a JSON value is the schema.json of a skops file."""
    if not isinstance(value, Mapping):
        return False
    return "__loader__" in value and ("__class__" in value or "protocol" in value)


def judge_skops(value: Mapping[str, Any], record: Recorder) -> None:
    """Note every type and function that is not plainly one of a known library."""
    version = value.get("_skops_version")
    if isinstance(version, str):
        record.property("producer", "skops")
        record.property("producer_version", version[:40])
    seen: set[tuple[str, str]] = set()
    for path, part in walk(value):
        if isinstance(part, Mapping) and "__loader__" in part:
            loader, module, name = _strings(part, "__loader__", "__module__", "__class__")
            _judge_shape(part, loader, path, record)
            if loader == "OperatorFuncNode" or module in {"operator", "_operator"}:
                _judge_operator(part, name, path, record)
                continue
            if loader == "MethodNode":
                _judge_method(part.get("content"), module, name, path, record)
            for named in {*_named(part.get("content")), (module, name)} - seen:
                seen.add(named)
                _judge_type(*named, path, record)


def _named(content: Any) -> list[tuple[str, str]]:
    """What the content of a node names: the outer names then say only what kind of thing it is.

    A content that is a node of its own is judged as such.
    """
    if not isinstance(content, Mapping) or "__loader__" in content:
        return []
    owner, kind, module, function = _strings(
        content, "__module__", "__class__", "module_path", "function"
    )
    return [(owner, kind), (module, function)]


def _strings(part: Any, *keys: str) -> tuple[str, ...]:
    """The texts under these keys."""
    result = [part.get(key) for key in keys] if isinstance(part, Mapping) else []
    return tuple(text if isinstance(text, str) else "" for text in result)


def _judge_shape(part: Mapping[str, Any], loader: str, path: str, record: Recorder) -> None:
    """Judge what a node says beside its type: who rebuilds it, and the member with its bytes."""
    if loader not in _LOADERS:
        detail = f"what the loader {loader!r:.60} does is not known (at {path})"
        record.gap(GapReason.UNRESOLVED, detail)
    file = part.get("file")
    if isinstance(file, str) and (
        leaves_folder(file) or not file.endswith((".npy", ".npz", ".bin"))
    ):
        detail = f"names no member that skops writes (at {path})"
        record.fact(FactKind.OUTSIDE_REFERENCE, file, detail, danger=Severity.MEDIUM)
    if loader == "RandomGeneratorNode":
        content = part.get("content")
        kept = content.get("bit_generator") if isinstance(content, Mapping) else None
        state = kept.get("content") if isinstance(kept, Mapping) else None
        named = state.get("bit_generator") if isinstance(state, Mapping) else None
        name = named.get("content") if isinstance(named, Mapping) else None
        if not isinstance(name, str) or name.strip('"') not in _BIT_GENERATORS:
            detail = f"is called to make random numbers, and is not a generator of bits (at {path})"
            record.fact(FactKind.UNKNOWN_CALL, f"numpy.random.{name}"[:200], detail)


def _judge_type(module: str, name: str, path: str, record: Recorder) -> None:
    whole = f"{module}.{name}" if module else name
    if not whole:
        return
    if module == "functools" and name == "partial":
        return
    if module == "_loss" and _LOSS.match(name):  # sklearn's compiled losses name themselves so
        return
    plain = bool(_WORD.match(name))
    if module in {"", "builtins"} and name in _BUILTIN_TYPES:
        return
    danger = danger_of(module, name)
    if danger is not None:
        detail = f"can run code, or reaches files or networks (at {path})"
        record.fact(FactKind.DENIED_CALL, whole, detail, danger=danger)
    elif not plain:
        detail = f"the name leads through an object to something else (at {path})"
        record.fact(FactKind.HIDDEN_NAME, whole, detail)
    elif not _TRUSTED.match(module):
        detail = f"a type of no library that is known here: loading imports it (at {path})"
        record.fact(FactKind.CUSTOM_CODE, whole, detail)


def _judge_method(content: Any, module: str, name: str, path: str, record: Recorder) -> None:
    if not isinstance(content, Mapping):
        return
    function = content.get("func")
    whole = f"{module}.{name}.{function}"
    if not isinstance(function, str) or not _WORD.match(function) or function.startswith("_"):
        detail = f"a method by a name that no honest file has (at {path})"
        record.fact(FactKind.DENIED_CALL, whole, detail)
        return
    owner = content.get("obj")
    if isinstance(owner, Mapping) and (
        owner.get("__module__") != module or owner.get("__class__") != name
    ):
        detail = f"the method is said to be of another type than its object (at {path})"
        record.fact(FactKind.TWO_READINGS, whole, detail)
    danger = Severity.LOW if _TRUSTED.match(module) else Severity.HIGH
    detail = f"a method bound to a stored object (at {path})"
    record.fact(FactKind.UNKNOWN_CALL, whole, detail, danger=danger)


def _judge_operator(part: Mapping[str, Any], name: str, path: str, record: Recorder) -> None:
    detail = f"a function of the operator module, made when the file is loaded (at {path})"
    if name == "itemgetter":
        record.fact(FactKind.UNVERIFIED_CLASS, "operator.itemgetter", detail)
        return
    danger = Severity.HIGH if name in _GETTERS else Severity.CRITICAL
    attributes = [text for _, text in walk(part.get("attrs")) if isinstance(text, str)]
    if any("__" in text for text in attributes):
        danger = Severity.CRITICAL
    record.fact(FactKind.DENIED_CALL, f"operator.{name}", detail, danger=danger)

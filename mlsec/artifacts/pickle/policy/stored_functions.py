"""Judges the code of stored functions by what it loads: only numbers and texts, or more."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.artifacts.content.callables import DANGEROUS_MODULES
from mlsec.artifacts.content.code_blobs import is_dangerous_name
from mlsec.artifacts.pickle.known_names import LISTED
from mlsec.artifacts.pickle.policy import namespaces
from mlsec.artifacts.pickle.policy.evidence import LOOKED_AT, walk
from mlsec.artifacts.pickle.policy.names import type_by_name
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Opaque, Value
from mlsec.artifacts.python.bytecode import Loads, loads_of, stored_code
from mlsec.core.regex import regex

# What Python's own names give where a function only computes, and how numpy is named everywhere.
_COMPUTING = frozenset(
    """abs all any bool complex dict divmod enumerate filter float frozenset int isinstance
    issubclass len list map max min next pow range reversed round set slice sorted str sum tuple
    zip True False None np numpy math
    ArithmeticError AssertionError IndexError KeyError OverflowError StopIteration TypeError
    ValueError ZeroDivisionError""".split()  # noqa: SIM905
)
# Methods of numbers, texts, lists, tables and arrays: none calls a name that a text gives, opens
# or writes anything. Functions of numpy and math are among them.
_METHODS = frozenset(
    """abs absolute add all any append arange arccos arcsin arctan arctan2 argmax argmin
    argsort array asarray astype atan atan2 bool8 capitalize cbrt ceil clip concatenate copy
    cos cosh count cumprod cumsum day dayofweek deg2rad degrees detach diff difference
    divide dot dropna dt dtype e empty endswith eq equal erf exp exp2 expand_dims expit
    expm1 extend eye fabs fillna find flatten float32 float64 floor floor_divide fmax fmin
    fromkeys full gamma ge greater gt hour hstack hypot iloc imag index inf int32 int64
    intersection isalnum isalpha isdigit isfinite isin isinf isna isnan isnull isnumeric
    isspace items keys le lgamma linalg linspace loc log log10 log1p log2 logical_and
    logical_not logical_or logit lower lstrip lt max maximum mean median min minimum mod
    month multiply nan nan_to_num nanmax nanmean nanmin nansum ndim ne negative newaxis norm
    notna notnull nunique ones ones_like partition pct_change percentile pi pop power prod
    quantile rad2deg radians ravel real reciprocal remainder repeat replace reshape reversed
    rint rolling round rsplit rstrip setdefault shape shift sigmoid sign sin sinh size
    softmax sort special split splitlines sqrt square squeeze stack startswith std str strip
    subtract sum swapcase T tan tanh tile title tolist transpose trunc union unique
    unsqueeze upper values var view vstack weekday where year zeros zeros_like zfill""".split()  # noqa: SIM905
)
# Words that are modules, and as often what an object of any library has.
_WORDS = frozenset(
    """code commands fabric glob http inspect invoke logging platform profile resource sched sh
    signal site test trace""".split()  # noqa: SIM905
)
# By these a function reaches what it does not name.
_REACHING = frozenset(
    """builtins __builtin__ __builtins__ __globals__ __subclasses__ __bases__ __base__ __mro__
    __import__ __loader__ __code__ __getattribute__ __reduce__ __reduce_ex__""".split()  # noqa: SIM905
)
# Modules whose listed classes and functions hold numbers, texts and tables.
_DATA = regex(
    r"(?:builtins|__builtin__|numpy|pandas|pandas\.core|collections|datetime|_codecs)(?:\.|\Z)"
)
_PARTS = ("_make_empty_cell", "_make_cell", "_create_cell", "_make_function", "_create_function",
          "_function_setstate")  # fmt: skip


def dangerous_in(items: Sequence[Value] | None) -> list[str]:
    """The names of a code object that run commands, or reach files and networks, in order.

    What it names as a method (``model.eval``), or calls its own variables, is no builtin; where its
    instructions are not understood, or reach names by other ways, every text counts.
    """
    loads = _loads(items)
    if loads is None or loads.names & _REACHING or loads.attributes & _REACHING:
        every = [item for item in walk(items) if isinstance(item, str)]
        return sorted({item for item in every if is_dangerous_name(item) or item in _REACHING})
    methods = loads.attributes & (DANGEROUS_MODULES - _WORDS)
    return sorted({*filter(is_dangerous_name, loads.names), *methods})


def only_computes(items: Sequence[Value] | None) -> bool:
    """Whether code can do nothing but compute with what it is given, whatever lies in it."""
    return _computes(items) and _are_known(items)


def holds_only_computing(name: str, items: Sequence[Value] | None) -> bool:
    """Whether a function is put together of code that only computes, and of what is known.

    A class is never so: its methods may be what a loader calls.
    """
    return name in _PARTS and _are_known(items)


def _computes(items: Sequence[Value] | None) -> bool:
    loads = _loads(items)
    if loads is None or not loads.only_computes:
        return False
    return loads.names <= _COMPUTING and loads.attributes <= _METHODS


def _loads(items: Sequence[Value] | None) -> Loads | None:
    code = stored_code(items) if items is not None else None
    return None if code is None else loads_of(code)


def _are_known(items: Sequence[Value] | None) -> bool:
    every = list(walk(items)) if items is not None else []
    return 0 < len(every) < LOOKED_AT and all(map(_is_known, every))


def _is_known(value: Value) -> bool:
    """Whether a value is data, a name of numpy's or of the like, or such a function again."""
    if isinstance(value, Container):
        return not value.is_partial and not value.acting
    if isinstance(value, Global):
        entry = value.entry
        is_plain = entry.standing in LISTED and bool(_DATA.match(value.module))
        return is_plain or entry is namespaces.ENTRY or entry.word in ("by_value", "builtin_type")
    if isinstance(value, CallResult):
        return _is_known_result(value)
    return isinstance(value, str | bytes | int | tuple | None) or value is Opaque.NUMBER


def _is_known_result(value: CallResult) -> bool:
    function, given = value.function, value.arguments
    items = given if isinstance(given, tuple) else None
    if type_by_name(function) == "CodeType":
        return _computes(items)
    if not isinstance(function, Global):
        return type_by_name(function) in ("CellType", "FunctionType", "LambdaType")
    match function.entry.word:
        case "code":
            return _computes(items)
        case "builtin_type":
            return True
        case "module_by_name":
            return given in (("numpy",), ("math",))
    is_listed = function.entry.standing in LISTED and bool(_DATA.match(function.module))
    return is_listed or function.name in _PARTS

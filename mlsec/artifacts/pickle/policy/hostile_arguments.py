"""Arguments that no honest caller gives a listed function: program text, sizes that swell."""

from __future__ import annotations

from collections.abc import Callable

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.pickle.policy.evidence import is_command, walk
from mlsec.artifacts.pickle.policy.plain_arguments import (
    has_any_text,
    has_no_exponent,
    has_no_number,
    says_nothing,
)
from mlsec.artifacts.pickle.vm.values import CallResult, Global, LongLiteral, Value
from mlsec.core.regex import regex

# Packages whose functions take numbers, containers and names when objects are loaded.
_WITHOUT_TEXT = frozenset(
    """collections _collections torch numpy scipy sklearn joblib random array fractions datetime
    builtins __builtin__ copy_reg copyreg decimal uuid enum statistics xgboost lightgbm pandas
    types sympy""".split()  # noqa: SIM905
)
_WITH_TEXT = frozenset(("str", "bytes", "bytearray", "unicode"))
# Deeper in the arguments lie the texts of the data: only what can be nothing but a program counts.
_PROGRAM = regex(
    r"\b__import__\s*\(|\bos\.(?:system|popen|exec[lv]\w*|spawn\w*)\s*\(|\bsubprocess\.\w+\s*\("
    r"|(?<![\w.])(?:exec|eval)\s*\(|\bimport\s+(?:os|sys|subprocess|socket|pty|ctypes)\s*[;\n,]"
    r"|\bpickle\.loads\s*\(|/bin/(?:ba|da|z)?sh\b|\b__(?:builtins|globals|subclasses)__"
)
SWELLS = "called with a number that alone fills the memory"
READ_BYTES = 1 << 20
SHOWN = 80
# Items or bytes that a single number makes.
MOST_MADE = 1 << 31
_MAKES_MEMORY = frozenset(("bytearray", "bytes"))
_CONSUMES = frozenset(
    """list tuple set frozenset sorted sum max min all any dict deque bytes bytearray Counter
    OrderedDict""".split()  # noqa: SIM905
)
# Iterators without an end, or of more items than memory holds; no file keeps one to be read out.
_ENDLESS = frozenset(("count", "cycle", "repeat", "product", "permutations", "combinations"))
ENDLESS = "reads out an iterator that has no end, or none in sight"
# Digits of an exponent: a fraction or an integer is made of as many digits as it says.
_EXPONENT = regex(r"[eE]\+?\d{6,}\s*\Z")
_WRITE_OUT = frozenset(("Fraction", "int", "long"))


def takes_text(function: Global) -> bool:
    """Whether a listed function may be given any text."""
    return (
        function.module.partition(".")[0] not in _WITHOUT_TEXT
        or function.name in _WITH_TEXT
        or function.name.endswith(("Error", "Warning", "Exception"))
    )


# Classes of sympy that take a text for a name; all others read it as an expression, and run it.
_NAMES_ONLY = frozenset(
    """Symbol Dummy Wild Str MatrixSymbol UndefinedFunction Float Integer Rational RealNumber
    AppliedUndef RandomSymbol TensorHead TensorIndexType TensorIndex CoordSys3D Quantity Dimension
    BaseScalar BaseVector Predicate AssumptionKeys""".split()  # noqa: SIM905
)
_A_NAME = regex(r"[A-Za-z0-9_+\-.]*\Z")


def reads_texts(function: Global) -> bool:
    """Whether a listed class makes an expression of any text that it is given."""
    is_of_sympy = function.module.partition(".")[0] == "sympy"
    return is_of_sympy and function.name not in _NAMES_ONLY


def read_as_expression(function: Global, arguments: Value) -> str:
    """A text that such a class would evaluate, and that is more than a name or a number."""
    if not reads_texts(function):
        return ""
    for item in walk(arguments):
        text = item.head.decode("latin-1") if type(item) is LongLiteral and item.is_text else item
        if type(text) is str and (type(item) is LongLiteral or not _A_NAME.match(text)):
            return text[:SHOWN]
    return ""


def unnamed(function: Global, arguments: Value) -> Value:
    """The arguments but for words that this class takes as one of few values of its own."""
    words = function.entry.words
    if not words or type(arguments) is not tuple:
        return arguments
    return tuple(
        argument for argument in arguments if type(argument) is not str or argument not in words
    )


def holds_data(function: Global) -> bool:
    """Whether a call makes a table or its columns: texts deep inside are values of it."""
    return function.module.partition(".")[0] == "pandas"


def holds_numbers(function: Global) -> bool:
    """Whether a call is given the bytes of a number, which protocols below 3 write as a text."""
    return function.name in ("scalar", "_frombuffer") and function.module.startswith("numpy.")


def program_in(
    arguments: Value, window: Window, *, is_data: bool = False, is_raw: bool = False
) -> str:
    """Program text or a command that is given directly, or a program further inside; or "".

    ``is_raw``: what is given are bytes of numbers, in which words stand by chance.
    """
    direct = () if is_raw else arguments if type(arguments) is tuple else (arguments,)
    for item in direct:
        text = _text_of(item, window)
        if text and is_command(text):
            return text[:SHOWN]
    for item in () if is_data else walk(arguments):
        if type(item) is str and (match := _PROGRAM.search(item)):
            return item[max(0, match.start() - SHOWN // 2) :][:SHOWN]
        if type(item) is bytes and item.isascii() and _PROGRAM.search(item.decode("ascii")):
            return item.decode("ascii")[:SHOWN]
    return ""


def _text_of(value: Value, window: Window) -> str:
    if type(value) is str:
        return value
    if type(value) is LongLiteral and value.is_text:
        data = window.read(value.offset, min(value.size_bytes, READ_BYTES))
        match = _PROGRAM.search(data.decode("latin-1"))
        return data.decode("latin-1")[match.start() :] if match else ""
    return ""


def makes_memory(function: Global) -> bool:
    """Whether a call makes as many bytes as the number that it is given."""
    return function.module in ("builtins", "__builtin__") and function.name in _MAKES_MEMORY


def writes_out(function: Global) -> bool:
    """Whether a call makes as many digits as an exponent in a text says."""
    return function.name in _WRITE_OUT


def plain_arguments_of(function: Global) -> Callable[[Value], bool]:
    """Return the check that arguments of a listed function are harmless."""
    if makes_memory(function):
        return has_no_number
    if writes_out(function):
        return has_no_exponent
    return has_any_text if takes_text(function) and not reads_texts(function) else says_nothing


def bomb_in(function: Global, arguments: Value) -> str:
    """What a call makes without end, or more of than memory holds; "" for nothing."""
    if function.module not in ("builtins", "__builtin__", "collections", "fractions"):
        return ""
    if writes_out(function) and any(
        isinstance(item, str) and _EXPONENT.search(item) for item in walk(arguments)
    ):
        return SWELLS
    if function.name in _CONSUMES and any(_is_endless(item) for item in walk(arguments)):
        return ENDLESS
    return SWELLS if _swells(function, arguments) else ""


def _is_endless(value: Value) -> bool:
    made_by = value.function if isinstance(value, CallResult) else None
    if not isinstance(made_by, Global) or made_by.module != "itertools":
        return False
    given = value.arguments if type(value.arguments) is tuple else ()
    if made_by.name == "repeat" and len(given) == 2 and isinstance(given[1], int):
        return bool(given[1] >= MOST_MADE)
    return made_by.name in _ENDLESS


def _swells(function: Global, arguments: Value) -> bool:
    """Whether a call makes more than memory holds from one number."""
    first = arguments[0] if type(arguments) is tuple and arguments else None
    if function.name in _MAKES_MEMORY and isinstance(first, int):
        return first >= MOST_MADE
    if function.name not in _CONSUMES:
        return False
    inner = getattr(getattr(first, "function", None), "name", "")
    numbers = getattr(first, "arguments", ())
    return inner in ("range", "xrange") and any(
        isinstance(number, int) and abs(number) >= MOST_MADE
        for number in (numbers if type(numbers) is tuple else ())
    )

"""Arguments that no honest caller gives a listed function: program text, sizes that swell."""

from __future__ import annotations

from mlsec.artifacts.pickle.evidence import is_command, walk
from mlsec.artifacts.pickle.values import Blob, Global, Value
from mlsec.artifacts.window import Window
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
_CONSUMES = frozenset("list tuple set frozenset sorted sum max min all any dict deque".split())  # noqa: SIM905


def takes_text(function: Global) -> bool:
    """Whether a listed function may be given any text."""
    return (
        function.module.partition(".")[0] not in _WITHOUT_TEXT
        or function.name in _WITH_TEXT
        or function.name.endswith(("Error", "Warning", "Exception"))
    )


def unnamed(function: Global, arguments: Value) -> Value:
    """The arguments but for words that this class takes as one of few values of its own."""
    words = function.entry.words
    if not words or type(arguments) is not tuple:
        return arguments
    return tuple(one for one in arguments if type(one) is not str or one not in words)


def program_in(arguments: Value, window: Window) -> str:
    """Program text or a command that is given directly, or a program further inside; or ""."""
    direct = arguments if type(arguments) is tuple else (arguments,)
    for one in direct:
        text = _text_of(one, window)
        if text and is_command(text):
            return text[:SHOWN]
    for one in walk(arguments):
        if type(one) is str and (found := _PROGRAM.search(one)):
            return one[max(0, found.start() - SHOWN // 2) :][:SHOWN]
        if type(one) is bytes and one.isascii() and _PROGRAM.search(one.decode("ascii")):
            return one.decode("ascii")[:SHOWN]
    return ""


def _text_of(value: Value, window: Window) -> str:
    if type(value) is str:
        return value
    if type(value) is Blob and value.is_text:
        data = window.read(value.offset, min(value.size_bytes, READ_BYTES))
        found = _PROGRAM.search(data.decode("latin-1"))
        return data.decode("latin-1")[found.start() :] if found else ""
    return ""


def makes_memory(function: Global) -> bool:
    """Whether a call makes as many bytes as the number that it is given."""
    return function.module in ("builtins", "__builtin__") and function.name in _MAKES_MEMORY


def swells(function: Global, arguments: Value) -> bool:
    """Whether a call makes more than memory holds from one number."""
    if function.module not in ("builtins", "__builtin__", "collections"):
        return False
    first = arguments[0] if type(arguments) is tuple and arguments else None
    if function.name in _MAKES_MEMORY:
        return isinstance(first, int) and first >= MOST_MADE
    if function.name not in _CONSUMES:
        return False
    inner = getattr(getattr(first, "function", None), "name", "")
    numbers = getattr(first, "arguments", ())
    return inner in ("range", "xrange") and any(
        isinstance(one, int) and abs(one) >= MOST_MADE
        for one in (numbers if type(numbers) is tuple else ())
    )

"""Judges Python files that come with a model by their tree; they are never compiled or run."""

from __future__ import annotations

import ast
import re
import warnings

from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.plain_text import read_text
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.repository.python_names import SECRETS, WORTH, Reach, reach_of
from mlsec.artifacts.repository.python_scope import Scope
from mlsec.artifacts.repository.python_texts import constant_text
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity
from mlsec.core.regex import regex

MOST_BYTES = 4 << 20
MOST_NESTED = 150
# What the interpreter is told the source is called: it is parsed, never compiled to code.
PARSED_ONLY = "<parsed only>"
# Methods that run when a model is loaded or first used, not only when somebody asks for them.
_ON_LOAD = frozenset(
    """__init__ __new__ __init_subclass__ __call__ forward from_pretrained from_config _from_config
    __setstate__ __reduce__ __reduce_ex__ __getattr__ __del__ __enter__ setup load_context load
    _load_pyfunc predict __post_init__""".split()  # noqa: SIM905
)


def tree_of(data: bytes) -> ast.Module:
    """The tree of a source text.

    Raises:
        SyntaxError: no Python of this version.
        OverLimitError: nested too deep to be parsed within bounds.
    """
    depth = deepest = 0
    for byte in re.findall(rb"[(\[{)\]}]", data):
        depth = depth + 1 if byte in b"([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    if deepest > MOST_NESTED:
        raise OverLimitError("Python is nested deeper than can be followed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data, filename=PARSED_ONLY)
    except (RecursionError, MemoryError) as error:
        raise OverLimitError("Python is nested deeper than can be followed") from error
    except ValueError as error:
        raise SyntaxError(str(error)) from error


def judge_python(window: Window, record: Recorder) -> None:
    """Note calls that run commands or code, reach the network, or hide what they call.

    Raises:
        OverLimitError: longer than 4 MiB, or nested too deep.
    """
    read_text(window, record)
    if window.size_bytes > MOST_BYTES:
        raise OverLimitError(f"{window.size_bytes} bytes of Python are over {MOST_BYTES}")
    data = window.read(0, MOST_BYTES)
    if not WORTH.search(data):
        return
    try:
        tree = tree_of(data)
    except SyntaxError as error:
        detail = f"does not parse, so it was not judged: {error.msg}"
        record.fact(FactKind.NOT_FULLY_READ, "python", detail, danger=Severity.LOW)
        record.hole(OverLimitError.reason, detail)
        return
    _Walk(tree, record).read()


# Functions that no honest file gives away as values, and who only asks what a value is.
HANDED_ON = regex(
    r"(?:os\.(?:system|popen|exec\w+|spawn\w+)|pty\.spawn|builtins\.(?:exec|__import__)"
    r"|subprocess\.(?:run|call|Popen|check_\w+|getoutput|getstatusoutput))\Z"
)
# These are given a program; others of their kind are given a module or a file that holds one.
_TAKE_TEXT = ("builtins.", "timeit.", "cProfile.", "codeop.", "pdb.")
_ASKS = frozenset({"builtins.isinstance", "builtins.issubclass", "builtins.hasattr"})


class _Walk:
    """One file while it is judged."""

    def __init__(self, tree: ast.Module, record: Recorder) -> None:
        self.tree = tree
        self.record = record
        self.scope = Scope(tree)

    def read(self) -> None:
        left: list[tuple[ast.AST, str]] = [(self.tree, "")]
        while left:
            node, inside = left.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                # Decorators and defaults run where the function is defined.
                self._decorators(node, inside)
                outer = [
                    *node.decorator_list,
                    *node.args.defaults,
                    *filter(None, node.args.kw_defaults),
                ]
                left.extend((part, inside) for part in outer)
                left.extend((part, node.name) for part in node.body)
                continue
            if isinstance(node, ast.ClassDef):
                self._decorators(node, inside)
            if isinstance(node, ast.Lambda):
                inside = inside or "lambda"
            elif isinstance(node, ast.If) and _is_main(node.test):
                inside = inside or "main"
            elif isinstance(node, ast.Call):
                self._call(node, inside)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._text(node.value, node.lineno)
            left.extend((child, inside) for child in ast.iter_child_nodes(node))

    def _decorators(
        self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, inside: str
    ) -> None:
        """A decorator is called with what it stands on, and with what the next one gave."""
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call):
                call = ast.Call(func=decorator, args=[], keywords=[])
                self._call(ast.copy_location(call, decorator), inside)

    def _handed_on(self, node: ast.Call, inside: str) -> None:
        """What runs commands or code is given to a call, which may call it in its turn."""
        for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(given, ast.Name | ast.Attribute):
                name, _ = self.scope.name_of(given)
                if HANDED_ON.match(name):
                    where = f"in {inside}()" if inside else "as soon as the file is imported"
                    detail = f"given to what may call it {where} (line {node.lineno})"
                    danger = Severity.MEDIUM if inside else Severity.HIGH
                    self.record.fact(FactKind.DENIED_CALL, name, detail, danger=danger)

    def _call(self, node: ast.Call, inside: str) -> None:
        name, is_hidden = self.scope.name_of(node.func)
        if name not in _ASKS:
            self._handed_on(node, inside)
        if is_hidden and not name and inside in {"", "lambda"} and _imports(node.func):
            detail = f"calls what it imports by a name that cannot be told (line {node.lineno})"
            self.record.fact(FactKind.DENIED_CALL, "__import__", detail, danger=Severity.MEDIUM)
        reach = reach_of(name)
        if reach is None and self.scope.meanings > 1:
            name, is_hidden = self._other_meaning(node.func)
            reach = reach_of(name)
        if reach is None:
            self._hunts(node)
            return
        if name == "builtins.__import__" and not is_hidden:
            # Only imports; what is called on the result is judged by its own name.
            return
        danger = _danger(reach, name, inside, node, is_hidden=is_hidden)
        if self.record.runs_source and not inside:
            danger = max(danger, Severity.MEDIUM, key=lambda one: -one.rank)
        where = f"in {inside}()" if inside else "as soon as the file is imported"
        how = ", by a name put together at run time" if is_hidden else ""
        detail = f"{reach.value} {where}{how} (line {node.lineno})"
        self.record.fact(FactKind.DENIED_CALL, name, detail, danger=danger)

    def _other_meaning(self, function: ast.expr) -> tuple[str, bool]:
        """What a name means that is imported as something else in another branch."""
        found = ("", False)
        for meaning in range(1, self.scope.meanings):
            self.scope.meaning = meaning
            found = self.scope.name_of(function)
            if reach_of(found[0]):
                break
        self.scope.meaning = 0
        return found

    def _hunts(self, node: ast.Call) -> None:
        """A function is searched among all classes, or in the globals of another function."""
        where, danger = "", Severity.HIGH
        match node.func:
            case ast.Attribute(attr="__subclasses__", value=owner) if _is_the_root(owner):
                where = "searches all classes there are for one of use"
            case ast.Subscript(value=ast.Attribute(attr="__globals__"), slice=key):
                name = self.scope.text_of(key)
                if name is None or any(reach_of(f"{one}.{name}") for one in _HOLDERS):
                    where = "calls what it takes of another function's globals"
                    danger = Severity.CRITICAL if name else Severity.MEDIUM
        if where:
            detail = f"{where} (line {node.lineno})"
            self.record.fact(FactKind.DENIED_CALL, "object.__subclasses__", detail, danger=danger)

    def _text(self, text: str, line: int) -> None:
        found = SECRETS.search(text) if len(text) < 200 else None
        if found:
            detail = f"names a place that no model has business with (line {line})"
            kind = FactKind.OUTSIDE_REFERENCE
            self.record.fact(kind, found.group(), detail, danger=Severity.MEDIUM)


# What the globals of some module of Python's own hold under their bare names.
_HOLDERS = ("os", "builtins")


def _is_the_root(owner: ast.expr) -> bool:
    """Whether an expression is ``object``, or climbs to it by bases of a class."""
    if isinstance(owner, ast.Name):
        return owner.id == "object"
    return any(
        isinstance(part, ast.Attribute) and part.attr in {"__base__", "__bases__", "__mro__"}
        for part in ast.walk(owner)
    )


def _imports(node: ast.expr) -> bool:
    """Whether ``__import__`` is called within an expression."""
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Name)
        and part.func.id == "__import__"
        for part in ast.walk(node)
    )


def _danger(reach: Reach, name: str, inside: str, node: ast.Call, *, is_hidden: bool) -> Severity:
    if reach is Reach.UNPICKLES:
        is_given = any(constant_text(part) is not None or _decodes(part) for part in node.args[:1])
        return Severity.HIGH if is_given else Severity.LOW
    if is_hidden:
        return Severity.CRITICAL
    if reach is Reach.CODE and name.startswith(_TAKE_TEXT) and _is_plain_code(node):
        return Severity.LOW
    if not inside and reach is Reach.CODE:
        return Severity.CRITICAL if _decodes(node) else Severity.MEDIUM
    if not inside:
        return Severity.CRITICAL if reach is Reach.COMMANDS else Severity.HIGH
    if reach in {Reach.NETWORK, Reach.LIBRARIES}:
        return Severity.LOW
    if inside in _ON_LOAD and reach is Reach.COMMANDS:
        return Severity.HIGH
    return Severity.MEDIUM if reach is Reach.COMMANDS or _decodes(node) else Severity.LOW


def _decodes(node: ast.AST) -> bool:
    """Whether something is decoded or fetched within an expression."""
    names = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return bool(
        names
        & {"b64decode", "fromhex", "unhexlify", "decompress", "b85decode", "a85decode", "urlopen"}
    )


def _is_plain_code(node: ast.Call) -> bool:
    """Whether what is run is written out in full and calls nothing: ``compile("1 + 1")``."""
    text = constant_text(node.args[0]) if node.args else None
    return text is not None and "(" not in text and "import" not in text


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and "__name__" in {
        part.id for part in ast.walk(test) if isinstance(part, ast.Name)
    }

"""Indirect access in a Python file: functions it looks up, and changes to how programs start."""

from __future__ import annotations

import ast
from collections.abc import Callable

from mlsec.artifacts.python.flows import Flows
from mlsec.artifacts.python.names import COMMAND_METHODS, INNER_ATTRIBUTES, reach_of
from mlsec.artifacts.python.places import STARTING
from mlsec.artifacts.python.scope import Named, Scope
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

Note = Callable[[str, str, str, int, Severity], None]
_UNKNOWN_NAME = Named("", is_hidden=True)
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_GLOBALS = frozenset(("__globals__", "func_globals", "f_globals"))
# What the globals of some module of Python's own hold under their bare names.
_HOLDERS = ("os", "builtins")
_MODULES = frozenset("os _os sys _sys subprocess builtins __builtins__ posix".split())  # noqa: SIM905


class IndirectAccess:
    """How one file reaches functions and modules that it does not name."""

    def __init__(self, flows: Flows, record: Recorder, note: Note) -> None:
        self.flows = flows
        self.scope: Scope = flows.scope
        self.record = record
        self.note = note

    def importing(self, node: ast.Call, names: tuple[Named, ...], inside: str) -> None:
        for name in names:
            if name.name in _IMPORTERS and _UNKNOWN_NAME in self.scope.names_of(node):
                if _is_relative(node):
                    return
                detail = f"which module line {node.lineno} imports is decided as it runs"
                self.record.gap(GapReason.UNRESOLVED, detail)
            elif name.name in {"sys.path.insert", "sys.path.append"} and node.args:
                if self.flows.is_temporary(node.args[-1]):
                    detail = "has modules imported from where anybody may write"
                    self.note(name.name, detail, inside, node.lineno, Severity.MEDIUM)
            elif name.name in {"os.putenv", "os.environ.setdefault"} and node.args:
                self._starting(node.args[0], node.lineno)
            elif name.name == "os.environ.update":
                for part in self.flows.parts(*node.args):
                    for key in filter(None, getattr(part, "keys", ())):
                        self._starting(key, node.lineno)

    def setting(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                if any(name.name == "os.environ" for name in self.scope.names_of(target.value)):
                    self._starting(target.slice, node.lineno)
            elif isinstance(target, ast.Attribute) and target.attr == "__code__":
                detail = "puts other code into a function"
                self.note("__code__", detail, "", node.lineno, Severity.MEDIUM)

    def _starting(self, key: ast.expr, line: int) -> None:
        for text in self.scope.texts_of(key):
            if text in STARTING:
                detail = "is set for the programs to come, which load what it names"
                self.note(text, detail, "", line, Severity.MEDIUM)

    def unknown(self, node: ast.Call, names: tuple[Named, ...], inside: str) -> None:
        """A call of what has no name that is known: by its method, or by how it was found."""
        func = node.func
        is_unknown = inside in {"", "lambda"} and _UNKNOWN_NAME in names
        if is_unknown and self._imports(func):
            detail = "calls what it imports by a name that is not known"
            self.note("__import__", detail, inside, node.lineno, Severity.MEDIUM)
        if isinstance(func, ast.Attribute):
            if not any(name.name for name in names) and _runs_commands(func, node):
                detail = "a method that runs commands, by its name"
                self.note(func.attr, detail, inside, node.lineno, Severity.MEDIUM)
            if func.attr == "__subclasses__" and any(map(_is_root_class, [func.value, *node.args])):
                detail = "searches all classes there are for one of use"
                self.note("object.__subclasses__", detail, inside, node.lineno, Severity.HIGH)
            elif func.attr in {"get", "__getitem__"} and node.args:
                self.globals_of(func.value, node.args[0], node.lineno)
        if any(name.name == "builtins.getattr" for name in names) and len(node.args) > 1:
            is_put_together = not isinstance(node.args[1], ast.Constant)
            for text in self.scope.texts_of(node.args[1]):
                if is_put_together and (text in COMMAND_METHODS or text == "system"):
                    detail = "takes what runs commands by a name that is put together"
                    self.note(text, detail, inside, node.lineno, Severity.MEDIUM)
                if text in INNER_ATTRIBUTES or text in _GLOBALS or text == "__subclasses__":
                    detail = "takes by its name what leads into Python's own machinery"
                    self.note(text, detail, inside, node.lineno, Severity.MEDIUM)

    def _imports(self, func: ast.expr) -> bool:
        """Whether a module is imported within an expression."""
        calls = (part for part in ast.walk(func) if isinstance(part, ast.Call))
        return any(
            name.name in _IMPORTERS for part in calls for name in self.scope.names_of(part.func)
        )

    def inner(self, node: ast.Attribute) -> None:
        if node.attr in {"f_builtins", "__builtins__"}:
            detail = "leads into Python's own machinery"
            self.note(node.attr, detail, "", node.lineno, Severity.MEDIUM)

    def globals_of(self, owner: ast.expr, key: ast.expr, line: int) -> None:
        """A function or module is taken of the globals of another function, or of a frame."""
        is_attribute = isinstance(owner, ast.Attribute) and owner.attr in _GLOBALS
        is_taken = isinstance(owner, ast.Call) and _taken_globals(owner, self.scope)
        if not is_attribute and not is_taken:
            return
        texts = self.scope.texts_of(key)
        result = [text for text in texts if text in _MODULES]
        calls = [text for text in texts if any(reach_of(f"{at}.{text}") for at in _HOLDERS)]
        if result or calls or not texts:
            detail = "takes what it calls of another function's globals"
            danger = Severity.CRITICAL if result or calls else Severity.MEDIUM
            self.note("object.__subclasses__", detail, "", line, danger)


def _runs_commands(func: ast.Attribute, node: ast.Call) -> bool:
    if func.attr in COMMAND_METHODS:
        return True
    is_own = isinstance(func.value, ast.Name) and func.value.id in {"self", "cls"}
    return func.attr == "system" and len(node.args) == 1 and not node.keywords and not is_own


def _taken_globals(owner: ast.Call, scope: Scope) -> bool:
    is_taken = any(name.name == "builtins.getattr" for name in scope.names_of(owner.func))
    return is_taken and len(owner.args) > 1 and bool(_GLOBALS & set(scope.texts_of(owner.args[1])))


def _is_relative(node: ast.Call) -> bool:
    """Whether a module beside the file is imported: ``import_module("." + name, __package__)``."""
    first = (
        next((part for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)), None)
        if node.args
        else None
    )
    return len(node.args) + len(node.keywords) > 1 and str(getattr(first, "value", "")).startswith(
        "."
    )


def _is_root_class(owner: ast.expr) -> bool:
    """Whether an expression is ``object``, or climbs to it by bases of a class."""
    if isinstance(owner, ast.Name):
        return owner.id == "object"
    return any(
        isinstance(part, ast.Attribute) and part.attr in {"__base__", "__bases__", "__mro__"}
        for part in ast.walk(owner)
    )

"""What each kind of Python expression may name: one step of following it."""

from __future__ import annotations

import ast
import builtins
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import msgspec

from mlsec.artifacts.python.bindings import Bindings, Items
from mlsec.artifacts.python.names import STRONG_MODULES, inner_module, reach_of

# How deep an expression is followed, and how many answers are kept.
DEEP, MOST_NAMES = 80, 12
# How many modules a name that nothing else explains may come from.
MOST_STARS = 60
_IMPORTERS = frozenset(
    {"builtins.__import__", "importlib.import_module", "importlib.__import__",
     "importlib._bootstrap._gcd_import", "pydoc.locate", "pydoc.safeimport",
     "pkgutil.resolve_name", "_frozen_importlib._gcd_import"}
)  # fmt: skip
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
BUILTINS = frozenset(dir(builtins))
_ALWAYS = frozenset(("exec", "eval", "compile", "__import__", "getattr", "globals"))
# Methods that hand out an item, or all items, of what a container or a dictionary holds.
_GIVES = frozenset("get pop setdefault values items popitem popleft __getitem__ copy".split())  # noqa: SIM905
_TAKES = frozenset("__getattribute__ __getattr__ getattr".split())  # noqa: SIM905
# These give back what they are given, or something made of its items.
_PASSES = frozenset(
    """builtins.next builtins.iter builtins.list builtins.tuple builtins.set builtins.reversed
    builtins.sorted builtins.dict builtins.staticmethod builtins.classmethod builtins.max
    builtins.min builtins.filter functools.partial functools.wraps itertools.chain copy.copy
    itertools.cycle itertools.repeat contextlib.nullcontext typing.cast importlib.reload
    builtins.enumerate builtins.zip functools.lru_cache functools.cache types.MethodType
    weakref.ref types.SimpleNamespace copy.deepcopy collections.OrderedDict""".split()  # noqa: SIM905
)


class Named(msgspec.Struct, frozen=True):
    """A dotted name that an expression may have; ``is_hidden`` where text or an item gave it."""

    name: str
    is_hidden: bool = False


Names = tuple[Named, ...]


class Meanings(ABC):
    """Follows expressions by what is known of the names of a file."""

    def __init__(self, bindings: Bindings) -> None:
        self.bindings = bindings
        self._known: dict[int, Names] = {}
        self._table: dict[str, Names] = {}
        self._is_settled = False
        self._is_cut = False
        self._left = 0

    @abstractmethod
    def texts_of(self, node: ast.expr) -> tuple[str, ...]:
        """The texts that an expression may be, as far as that can be said."""

    @abstractmethod
    def elements(self, node: ast.expr) -> list[ast.expr]:
        """The items of a container that is written out."""

    @abstractmethod
    def keep(self, node: ast.expr) -> None:
        """Keep a node that was made here: what is known of it is found by its identity."""

    def names(self, node: ast.expr, deep: int) -> Names:
        known = self._known.get(id(node)) if self._is_settled else None
        if known is not None:
            return known
        self._left -= 1
        if deep > DEEP or self._left < 0:
            self._is_cut = True
            return ()
        match node:
            case ast.Name():
                return self._name(node.id)
            case ast.Constant():
                return ()
            case ast.Attribute():
                return limited(self._attribute(node, deep + 1))
            case ast.Call():
                return limited(self._call(node, deep + 1))
            case ast.Subscript():
                return limited(self._item(node, deep + 1))
            case _:
                return limited(self._within(node, deep + 1))

    def _within(self, node: ast.expr, deep: int) -> Iterator[Named]:
        parts: Iterable[ast.expr] = ()
        match node:
            case Items():
                yield from _of_items(self.names(node.held, deep))
            case ast.NamedExpr() | ast.Starred() | ast.Await() | ast.DictComp():
                parts = (node.value,)
            case ast.IfExp():
                parts = (node.body, node.orelse)
            case ast.BoolOp() | ast.Dict():
                parts = node.values
            case ast.List() | ast.Tuple() | ast.Set():
                parts = node.elts
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                parts = (node.elt,)
            case ast.BinOp():
                parts = (node.left, node.right) if isinstance(node.op, ast.Add | ast.BitOr) else ()
            case _:
                pass
        for part in parts:
            yield from self.names(part, deep)

    def _name(self, name: str) -> Names:
        meanings = self.bindings.names.get(name, ())
        nameds = [Named(inner_module(meaning)) for meaning in meanings if isinstance(meaning, str)]
        nameds.extend(self._table.get(name, ()))
        # These are looked for whatever else in the file has their name, at another time or place.
        if name in _ALWAYS:
            nameds.append(Named(f"builtins.{name}"))
        if meanings or name in self.bindings.given:
            return tuple(dict.fromkeys(nameds))
        if name in {"__builtins__", "builtins"}:
            nameds.append(Named("builtins", is_hidden=name == "__builtins__"))
        elif name in BUILTINS:
            nameds.append(Named(f"builtins.{name}"))
        elif not name.startswith("_"):
            self._is_cut = self._is_cut or len(self.bindings.stars) > MOST_STARS
            modules = itertools.islice(self.bindings.stars, MOST_STARS)
            every = (f"{module}.{name}" for module in modules)
            nameds.extend(Named(item) for item in every if reach_of(item))
        return tuple(dict.fromkeys(nameds))

    def _attribute(self, node: ast.Attribute, deep: int) -> Iterator[Named]:
        bases = self.names(node.value, deep)
        if node.attr in {"__call__", "__func__", "__wrapped__"}:
            yield from bases
            return
        is_known = False
        for base in bases:
            if not base.name:
                yield base
            elif not base.name.startswith("."):
                is_known = True
                yield Named(inner_module(_joined(base.name, node.attr)), is_hidden=base.is_hidden)
        if not is_known:
            yield from self._table.get(f".{node.attr}", ())
            last = node.value.attr if isinstance(node.value, ast.Attribute) else ""
            module = inner_module(f"_.{last}")
            if last and module != f"_.{last}":
                yield _hidden(f"{module}.{node.attr}")

    def _call(self, node: ast.Call, deep: int) -> Iterator[Named]:
        func = node.func
        if isinstance(func, ast.Lambda):
            yield from self.names(func.body, deep)
            return
        if isinstance(func, ast.Attribute):
            yield from self._method(node, func, deep)
        yield from self._table.get(f"(){_last(func)}", ())
        for called in self.names(func, deep):
            name = called.name
            if name in _IMPORTERS:
                yield from self._imported(node)
            elif name == "builtins.getattr" and len(node.args) >= 2:
                yield from self._taken(node.args[0], node.args[1], deep)
            elif name in _NAMESPACES:
                yield from self._namespace(node, deep)
            elif name in _PASSES:
                for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    yield from self.names(given, deep)
            elif name == "builtins.map" and len(node.args) > 1:
                items = [part for argument in node.args[1:] for part in self.elements(argument)]
                for item in items or node.args[1:]:
                    made = ast.Call(func=node.args[0], args=[item], keywords=[])
                    self.keep(made)
                    yield from self.names(made, deep)
            elif reach_of(name):
                yield Named(f"{name}()", is_hidden=called.is_hidden)

    def _imported(self, node: ast.Call) -> Iterator[Named]:
        given = [
            *node.args[:1],
            *(keyword.value for keyword in node.keywords if keyword.arg == "name"),
        ]
        texts = [text for part in given for text in self.texts_of(part)]
        for text in texts:
            yield _hidden(inner_module(text.replace(":", ".")))
        if given and not texts:
            yield _hidden("")

    def _taken(self, owner: ast.expr, key: ast.expr, deep: int) -> Iterator[Named]:
        texts = self.texts_of(key)
        for base in self.names(owner, deep):
            if base.name and not base.name.startswith("."):
                for text in texts:
                    yield _hidden(inner_module(_joined(base.name, text)))
            if not texts:
                yield _hidden(f"{base.name}.?" if base.name else "")
        for text in texts:
            yield from self._table.get(f".{text}", ())

    def _namespace(self, node: ast.Call, deep: int) -> Iterator[Named]:
        if not node.args:
            yield _hidden("globals().__dict__")
            return
        for base in self.names(node.args[0], deep):
            yield _hidden(f"{base.name}.__dict__")

    def _method(self, node: ast.Call, func: ast.Attribute, deep: int) -> Iterator[Named]:
        """What a method takes of a container, of a module, or of a module's dictionary."""
        if func.attr in _GIVES:
            names = self.names(func.value, deep)
            yield from _of_items(names)
            for base in names if func.attr in {"values", "items", "popitem"} else ():
                if base.name.endswith(".__dict__"):
                    yield _hidden(f"{base.name.removesuffix('.__dict__')}.?")
            if node.args:
                yield from self._keyed(func.value, node.args[0], deep)
        elif func.attr in _TAKES and node.args:
            owner = func.value if len(node.args) == 1 else node.args[0]
            yield from self._taken(owner, node.args[-1 if len(node.args) == 1 else 1], deep)
        elif func.attr in {"load_module", "import_module", "_gcd_import"}:
            yield from self._imported(node)

    def _item(self, node: ast.Subscript, deep: int) -> Iterator[Named]:
        yield from _of_items(self.names(node.value, deep))
        yield from self._keyed(node.value, node.slice, deep)

    def _keyed(self, owner: ast.expr, key: ast.expr, deep: int) -> Iterator[Named]:
        """What is taken of the dictionary of a module, or of all modules."""
        for base in self.names(owner, deep):
            is_dictionary = base.name.endswith(".__dict__")
            if base.name.startswith("plumbum."):
                yield base
            if base.name not in {"sys.modules", "builtins"} and not is_dictionary:
                continue
            texts = self.texts_of(key)
            for text in texts:
                if base.name == "sys.modules":
                    yield _hidden(inner_module(text))
                elif base.name == "globals().__dict__":
                    yield from (_hidden(item.name) for item in self._name(text))
                else:
                    yield _hidden(inner_module(_joined(base.name.removesuffix(".__dict__"), text)))
            if not texts and not isinstance(key, ast.Slice):
                yield _hidden(f"{base.name.removesuffix('.__dict__')}.?")


def limited(names: Iterable[Named]) -> Names:
    kept: dict[Named, None] = {}
    for name in names:
        kept[name] = None
        # What reaches something is never pushed out by what does not.
        if len(kept) > MOST_NAMES:
            quiet = [known for known in kept if not reach_of(known.name)]
            del kept[quiet[0] if quiet else next(iter(kept))]
    return tuple(kept)


def _of_items(names: Names) -> Iterator[Named]:
    """Those that an item of a container may have: modules and functions, not settings."""
    return (name for name in names if name.name in STRONG_MODULES or reach_of(name.name))


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _hidden(name: str) -> Named:
    return Named(name, is_hidden=True)


def _joined(base: str, name: str) -> str:
    return name if base == "globals()" else f"{base}.{name}"

"""Decides from a library's own source what an unpickler may make or call without harm."""

from __future__ import annotations

import ast
import enum
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

# What a loader runs: it makes an object, sets its state, fills it, uses it as a key, drops it.
HOOKS = (
    "__new__", "__setstate__", "__setattr__", "__setitem__", "append", "extend", "__reduce__",
    "__hash__", "__eq__", "__del__", "__getattr__", "__getattribute__",
)  # fmt: skip
# What must not stand in code that runs while an object is made from a file.
BUILDS_CODE = frozenset({"_reconstruct_closure_fn"})
RISK = re.compile(
    r"\b(?:open|exec|eval|compile|__import__|import_module|Popen|system|urlopen|urlretrieve"
    r"|rmdir|kill|terminate|cleanup|create_engine|from_url"
    r"|CDLL|LoadLibrary|dlopen|mkdir|makedirs|remove|unlink|rmtree|loads?|read_\w+|fromfile|memmap"
    r"|load_\w+|\w*_loads?|from_pretrained|download\w*|save\w*|write\w*|connect|socket|get_handle"
    r"|fromstring|parse_expr|sympify)\s*\("
)
PATH_LIKE = re.compile(
    r"(?i)^(?:.*_)?(?:path|paths|file|files|filename|fname|fp|url|uri|host|port|command|cmd|code|expr"
    r"|expression|func|function|fn|callable|callback|hook|directory|dir|folder|location|buf|model_file"
    r"|model_str|loader|opener|source|stream|io|handle|address|formula)$"
)
REDUCER_NAME = re.compile(
    r"^(?:__pyx_unpickle_\w+|newObj|_unpickle\w*|_reconstruct\w*|_rebuild\w*|_restore\w*"
    r"|_\w+_unpickle|_new_\w+Index|_new_Index|__\w+_ctor)$"
)

# The same in what a hook calls in turn: words that can be nothing else.
FAR_RISK = re.compile(
    r"(?<![\w.])(?:exec|eval|compile|open|__import__|import_module|open_listener)\s*\("
    r"|\b(?:Popen|system|urlopen|urlretrieve|CDLL|LoadLibrary|dlopen|makedirs|rmtree|memmap"
    r"|fromfile|import_module|check_output|load_library)\s*\("
)
DEEPEST, MOST_FOLLOWED = 4, 60

# Classes whose hooks were read and do no harm: they load from the state that they are given.
REVIEWED = (
    "torch.Tensor", "torch._tensor.Tensor", "torch.storage.TypedStorage",
    "torch.nn.modules.rnn.RNNBase", "torch.storage.UntypedStorage", "torch.storage._LegacyStorage",
    "torch.storage._StorageBase",
    # They run a template of their state, which is judged where the state is set.
    "scipy.stats._distn_infrastructure.rv_continuous",
    "scipy.stats._distn_infrastructure.rv_discrete",
    "scipy.stats._distn_infrastructure.rv_generic",
)  # fmt: skip


def is_risky_class(found: type) -> bool:
    """Making an instance without ``__init__``, or setting its state, runs what can harm."""
    if issubclass(found, type):
        return True  # a call of it makes a class, whose methods run later
    for owner in found.__mro__:
        if f"{owner.__module__}.{owner.__qualname__}" in REVIEWED:
            continue
        hooks = [vars(owner)[name] for name in HOOKS if name in vars(owner)]
        if any(RISK.search(_source(hook)) for hook in hooks):
            return True
        if any(_is_risky_inside(found, hook) for hook in hooks):
            return True
    return False


def _is_risky_inside(found: type, hook: Any) -> bool:
    """Whether a hook comes to what can harm through methods of its own and functions beside it."""
    waiting, seen = [(hook, 0)], set()
    while waiting:
        method, depth = waiting.pop()
        text = _source(method)
        if text in seen or depth > DEEPEST or len(seen) > MOST_FOLLOWED:
            continue
        seen.add(text)
        if depth and FAR_RISK.search(text):
            return True
        waiting += [(one, depth + 1) for one in _called(found, method, text)]
    return False


def _called(found: type, method: Any, text: str) -> Iterator[Any]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    home = sys.modules.get(str(getattr(method, "__module__", "")))
    for node in ast.walk(tree):
        target: Any = None
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)):
                target = getattr(found, name, None)
            case ast.Call(func=ast.Name(id=name)):
                target = getattr(home, name, None)
        if isinstance(target, (FunctionType, MethodType)) and _module(target) == _module(method):
            yield target


def is_risky_to_call(found: type) -> bool:
    """The class is not stored as a call of itself, or a call can harm with the wrong arguments."""
    if issubclass(found, enum.Enum):
        return False
    if issubclass(found, BaseException):
        return _has_own_init(found) and not _is_plain_init(found)
    stores_calls = (
        found.__reduce__ is not object.__reduce__ or found.__reduce_ex__ is not object.__reduce_ex__
    )
    return not stores_calls or not _is_plain_init(found)


def _has_own_init(found: type) -> bool:
    return any(isinstance(vars(one).get("__init__"), FunctionType) for one in found.__mro__)


def _is_plain_init(found: type) -> bool:
    for name in ("__init__", "__new__"):
        method = getattr(found, name, None)
        if RISK.search(_source(method)):
            return False
        if any(PATH_LIKE.match(parameter) for parameter in _parameters(method)):
            return False
    return True


def _parameters(method: Any) -> list[str]:
    try:
        return list(inspect.signature(method).parameters)
    except (TypeError, ValueError):
        return []


def _source(method: Any) -> str:
    method = getattr(method, "__func__", method)
    try:
        text = textwrap.dedent(inspect.getsource(method))
        # It evaluates texts; those that are given to a class of sympy are judged where it is made.
        return re.sub(r"sympify\(|\.eval\(", "", text) if _module(method) == "sympy" else text
    except (TypeError, OSError, SyntaxError):
        return ""


def _module(method: Any) -> str:
    return str(getattr(method, "__module__", "")).partition(".")[0]


def reducing_functions(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Functions of the module that its ``__reduce__`` methods return, or that are named so."""
    returned = set(_returned(module))
    for name, value in list(vars(module).items()):
        is_function = isinstance(value, (FunctionType, BuiltinFunctionType)) or (
            type(value).__name__ == "cython_function_or_method"
        )
        if (
            name in BUILDS_CODE
            or not is_function
            or getattr(value, "__module__", None) != module.__name__
        ):
            continue
        if (REDUCER_NAME.match(name) or name in returned) and not RISK.search(_source(value)):
            yield value


def _returned(module: ModuleType) -> Iterator[str]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (TypeError, OSError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in ("__reduce__", "__reduce_ex__"):
            for one in ast.walk(node):
                if isinstance(one, ast.Return) and isinstance(one.value, ast.Tuple):
                    first = one.value.elts[0] if one.value.elts else None
                    if isinstance(first, ast.Name):
                        yield first.id


def takes_callable(function: Callable[..., Any]) -> bool:
    """It calls one of its parameters, or cannot be read: then its arguments are judged."""
    source = _source(function)
    if not source:
        return True
    tree = ast.parse(source)
    parameters = set(_parameters(function))
    return any(
        isinstance(node, ast.Call) and _root(node.func) in parameters for node in ast.walk(tree)
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""

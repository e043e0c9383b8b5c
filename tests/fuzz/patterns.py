"""Every regular expression of mlsec, by where it is kept, and how it is used.

They are collected from the loaded modules, and from calls that name one in place.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

import mlsec
from mlsec.core.regex import regex

ROOT = Path(mlsec.__file__).parent
LATER = type(regex(""))
FROM_START = frozenset(("match", "fullmatch"))
ANYWHERE = frozenset(("search", "sub", "subn", "findall", "finditer", "split"))
METHODS = FROM_START | ANYWHERE


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One expression; ``is_searched`` says that it may begin to match anywhere."""

    where: str
    pattern: str | bytes
    flags: int
    is_searched: bool


@cache
def every_pattern() -> tuple[Kept, ...]:
    """Each expression once, in the order of places."""
    used, found = _methods_by_name(), dict[tuple[Any, ...], Kept]()
    for where, pattern, flags, methods in (*_of_modules(used), *_in_place()):
        is_searched = not methods or bool(methods & ANYWHERE)
        key = (pattern, flags & ~re.UNICODE, is_searched)
        if key not in found:
            found[key] = Kept(
                where=where, pattern=pattern, flags=flags & ~re.UNICODE, is_searched=is_searched
            )
    return tuple(sorted(found.values(), key=lambda one: one.where))


Found = tuple[str, str | bytes, int, frozenset[str]]


def _of_modules(used: Mapping[tuple[str, str], frozenset[str]]) -> Iterator[Found]:
    for module in pkgutil.walk_packages(mlsec.__path__, "mlsec."):
        if module.name.endswith("__main__"):
            continue
        held = vars(importlib.import_module(module.name))
        for name, value in list(held.items()):
            if not name.startswith("__"):
                for pattern, flags in _inside(value, module.name, 0):
                    where = module.name if name.startswith("_") else ""
                    methods = used.get((where, name), frozenset())
                    yield f"{module.name}.{name}", pattern, flags, methods


def _inside(value: Any, module: str, depth: int) -> Iterator[tuple[str | bytes, int]]:
    """The expressions in a value: itself, or what containers, records and classes hold."""
    if isinstance(value, LATER | re.Pattern):
        yield value.pattern, value.flags
    elif depth < 7 and not isinstance(value, str | bytes | int | float | None):
        for each in _held(value, module):
            yield from _inside(each, module, depth + 1)


def _held(value: Any, module: str) -> Iterable[Any]:
    """What a container, a record, a class of the module, a partial or a function holds."""
    if isinstance(value, Mapping):
        return (*value.keys(), *value.values())
    if isinstance(value, tuple | list | set | frozenset):
        return value
    if isinstance(value, msgspec.Struct):
        return (getattr(value, field) for field in value.__struct_fields__)
    if isinstance(value, type):
        own = vars(value).items() if value.__module__ == module else ()
        return [each for name, each in own if not name.startswith("__")]
    if isinstance(value, partial):
        return (value.func, *value.args)
    if getattr(value, "__self__", None) is not None:  # a method of one
        return (value.__self__,)
    return [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]


@cache
def _trees() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (path.relative_to(ROOT.parent).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in sorted(ROOT.rglob("*.py"))
    )


def _methods_by_name() -> dict[tuple[str, str], frozenset[str]]:
    """By module (of private names, else "") and variable: which methods are called on it.

    None where it is given to functions or kept elsewhere: what is called on it is not known.
    """
    found, handed_on = dict[tuple[str, str], set[str]](), set[tuple[str, str]]()
    for path, tree in _trees():
        called = set[int]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                called.add(id(node.value))
                if isinstance(node.value, ast.Name):
                    found.setdefault(_key(path, node.value.id), set()).add(node.attr)
        for node in ast.walk(tree):
            is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            if is_read and id(node) not in called:
                handed_on.add(_key(path, node.id))
    return {key: frozenset(found[key]) for key in found.keys() - handed_on}


def _key(path: str, name: str) -> tuple[str, str]:
    return path.removesuffix(".py").replace("/", ".") if name.startswith("_") else "", name


def _in_place() -> Iterator[Found]:
    """Expressions that a call of the module ``re``, or of ``regex``, has as a text."""
    for name, tree in _trees():
        assigned = {id(one.value) for one in tree.body if isinstance(one, ast.Assign)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            text = node.args[0]
            is_text = isinstance(text, ast.Constant) and isinstance(text.value, str | bytes)
            if called not in {"regex", "re.compile"} and called.partition(".")[0] != "re":
                continue
            if is_text and called != "re.escape" and id(node) not in assigned:
                method = called.partition(".")[2]
                methods = frozenset((method,)) & METHODS
                yield name, text.value, _flags(node), methods


def _flags(call: ast.Call) -> int:
    """The flags of a call, which are written as ``re.NAME | re.NAME``."""
    words = " ".join(ast.unparse(one) for one in (*call.args[1:], *call.keywords))
    flags = 0
    for word in re.findall(r"re\.([A-Z]+)", words):
        flags |= int(getattr(re, word))
    return flags

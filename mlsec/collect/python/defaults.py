"""What options of a command line and fields of a class are where nobody gives them a value."""

from __future__ import annotations

import ast
from typing import Any

from mlsec.collect.located.located import Node
from mlsec.collect.python.bindings import Binding, Place
from mlsec.collect.python.call import CallResult, NamedValue
from mlsec.collect.python.names import Namer
from mlsec.collect.python.scopes import Scopes

_PARSED = (".parse_args", ".parse_known_args")
# Parsers that are given classes, and give an object of each.
_FILLED = (".parse_args_into_dataclasses", ".parse_args_and_config", ".parse_dict")
_FIELDS = ("dataclasses.field", "pydantic.Field", "attr.ib", "attrs.field")
_DEFAULTS = ("default", "default_value")


class Defaults:
    """The options and fields that one file declares."""

    def __init__(self, scopes: Scopes, namer: Namer) -> None:
        self._scopes = scopes
        self._namer = namer
        self._options: dict[str, list[tuple[ast.expr, Place]]] | None = None

    def of(self, made: CallResult, name: str) -> list[tuple[ast.expr, Place]]:
        """Give the defaults of an attribute of what a call made; nothing where none is declared."""
        if made.call.name.endswith(_PARSED) and "rgumentParser()" in made.call.name:
            return self._declared_options().get(name, [])
        owner = _class_of(made)
        classes = self._scopes.classes.get(owner.removeprefix("."), []) if owner else []
        if len(classes) != 1 or not owner.startswith("."):
            return []
        scope = classes[0]
        fields = [self._field(item, Place(scope, ())) for item in scope.bindings.get(name, ())]
        fields += [self._field(item, Place(method, item.block))
                  for method, item in scope.attributes.get(name, ())]  # fmt: skip
        return [item for item in fields if item is not None]

    def _field(self, item: Binding, place: Place) -> tuple[ast.expr, Place] | None:
        value = item.value
        if isinstance(value, ast.Call) and self._namer.name_of(value.func, place) in _FIELDS:
            given = [part.value for part in value.keywords if part.arg in _DEFAULTS]
            first = value.args[:1] if not given else []
            value = next(iter([*given, *first]), None)
        return None if value is None else (value, place)

    def _declared_options(self) -> dict[str, list[tuple[ast.expr, Place]]]:
        if self._options is None:
            self._options = {}
            for node, place, _ in self._scopes.calls:
                if isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
                    given = {part.arg: part.value for part in node.keywords}
                    name, default = _destination(node, given.get("dest")), given.get("default")
                    if default is not None:
                        self._options.setdefault(name, []).append((default, place))
        return self._options


def _destination(node: ast.Call, given: ast.expr | None) -> str:
    """Name the attribute that argparse gives an option: its first long name."""
    texts = [part.value for part in ([given] if given is not None else node.args)
             if isinstance(part, ast.Constant) and isinstance(part.value, str)]  # fmt: skip
    long = [text for text in texts if text.startswith("--")]
    return next(iter([*long, *texts]), "").lstrip("-").replace("-", "_")


def _class_of(made: CallResult) -> str:
    """Name the class of which a call made an object; "" where it is not known."""
    call = made.call
    if call.name.endswith(_FILLED) and call.on is not None:
        classes: Any = call.on.args[0].value if call.on.args else None
        listed = classes if isinstance(classes, tuple) else (Node(classes),)
        at = int(made.path[1:-1]) if made.path[1:-1].isdecimal() else 0
        value = listed[at].value if at < len(listed) else None
        return value.name if isinstance(value, NamedValue) else ""
    return call.name if not made.path else ""

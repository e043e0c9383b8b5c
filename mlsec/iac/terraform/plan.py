"""``terraform show -json`` of a plan: what is planned, and what only the apply will know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node
from mlsec.core.errors import MlsecError
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.plan_references import References

_INDEX = re.compile(r"\[[^\[\]]*\]\Z")
_NONE = Node(None)


class Plan:
    """One plan. ``root`` names it where it matches no code of the target.

    Raises:
        MlsecError: it is not JSON, or no plan. ``location`` is ``line:column``.
    """

    def __init__(self, file: CodeFile) -> None:
        self.file = file
        self._root = marked_json.parse(file.text)
        self._references = References(self._root.get("configuration", "root_module") or _NONE)
        if self._root.get("planned_values") is None:
            raise MlsecError("no planned values in it", location="1:1")
        self._changes = {
            item.text("address"): item.get("change") or _NONE
            for item in self._root.items("resource_changes")
        }

    def keys(self) -> frozenset[tuple[str, str]]:
        """Give type and name of every resource that the root module of the plan has."""
        items = self._root.items("configuration", "root_module", "resources")
        return frozenset(
            (item.text("type"), item.text("name"))
            for item in items
            if item.text("mode") == "managed"
        )

    def calls(self) -> frozenset[tuple[str, ...]]:
        """Give the name of every module that the root module of the plan calls."""
        calls = self._root.pairs("configuration", "root_module", "module_calls")
        return frozenset((name,) for name in calls)

    def declarations(self, code: Mapping[str, Declaration], root: str) -> Iterator[Declaration]:
        """Yield what is planned; ``code`` is the same in the code of the target, by address.

        What the plan leaves open is taken from the code where that says it, and so are places.
        """
        module = self._root.get("planned_values", "root_module")
        for resource in _resources(module or _NONE, 0):
            address = resource.text("address")
            known = code.get(address) or code.get(_INDEX.sub("", address))
            change = self._changes.get(address, _NONE)
            filled = _Filling(self._references, address, known)
            values = resource.get("values") or Node({})
            unknown = change.get("after_unknown") or _NONE
            body = filled.mapping(values, unknown, known.body if known else None, ())
            yield Declaration(
                address=address,
                type=resource.text("type"),
                name=resource.text("name"),
                file=known.file if known else self.file,
                line=known.line if known else resource.line,
                column=known.column if known else resource.column,
                body=Node(body.value, known.line, known.column) if known else body,
                provider={},
                root=root,
            )


class _Filling:
    """Puts what is not known into the values of one resource."""

    def __init__(self, references: References, address: str, known: Declaration | None) -> None:
        self._references, self._address, self._known = references, address, known

    def mapping(
        self, values: Node, unknown: Node, code: Node | None, path: tuple[str | int, ...]
    ) -> Node:
        result = values.pairs()
        hidden = unknown.pairs()
        made: dict[str, Node] = {}
        for key in {**result, **hidden}:
            written = code.get(key) if code is not None else None
            node = self._one(result.get(key), hidden.get(key), written, (*path, key))
            if node.value is not None:
                made[key] = node
        return Node(made, values.line, values.column)

    def _one(
        self,
        value: Node | None,
        unknown: Node | None,
        code: Node | None,
        path: tuple[str | int, ...],
    ) -> Node:
        place = code or value or unknown or _NONE
        if self._known is None and value is not None:
            place = value
        if unknown is not None and unknown.value is True:
            if code is not None:
                return code
            if self._known is not None:
                # Nobody sets it: the provider makes it up, as it does for what is read from code.
                return _NONE
            return Node(self._references.value(self._address, path), place.line, place.column)
        if value is None:
            return _NONE
        inner: Any = value.value
        if isinstance(inner, tuple):
            hidden = unknown.items() if unknown is not None else ()
            written = code.items() if code is not None else ()
            inner = tuple(
                self._one(entry, _at(hidden, n), _at(written, n) or code, (*path, n))
                for n, entry in enumerate(inner)
            )
        elif isinstance(inner, Mapping):
            made = self.mapping(value, unknown or _NONE, code, path)
            inner = made.value
        return Node(inner, place.line, place.column)


def _at(items: tuple[Node, ...], index: int) -> Node | None:
    return items[index] if index < len(items) else None


def _resources(module: Node, depth: int) -> Iterator[Node]:
    for item in module.items("resources"):
        if item.text("mode") == "managed":
            yield item
    for child in module.items("child_modules") if depth < 40 else ():
        yield from _resources(child, depth + 1)

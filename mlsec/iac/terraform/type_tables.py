"""Which table says what a declared resource is: Terraform's own, or one of the provider's API.

The providers ``awscc`` and ``azapi`` write CloudFormation's and ARM's own names, so that those
tables read them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import MlsecError
from mlsec.iac.mapping.path_lookup import fold
from mlsec.iac.terraform.values import Joined, Symbol, Value
from mlsec.vocabulary.iac_mapping import DeclaredType, Tables

TERRAFORM, CLOUDFORMATION, ARM = "terraform", "cloudformation", "arm"
_AZAPI = ("azapi_resource", "azapi_update_resource")
_PROVIDERS = {"azurerm": "azure", "azapi": "azure", "google": "gcp"}


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """The kind of code and the type in it, and the entries that its table has for it."""

    kind: str
    type: str
    entries: tuple[DeclaredType, ...]

    @property
    def entry(self) -> DeclaredType | None:
        """The entry that names it."""
        by_type = sorted(self.entries, key=lambda entry: not entry.type)
        return next((item for item in by_type if item.type or item.id), None)


def home_of(declared_type: str, body: Node, tables: Tables) -> Home:
    """Find the table of a resource."""
    if declared_type.startswith("awscc_"):
        result = _folded(tables, CLOUDFORMATION).get(fold(declared_type.removeprefix("awscc_")))
        if result is not None:
            return Home(kind=CLOUDFORMATION, type=result, entries=tables[CLOUDFORMATION][result])
    if declared_type in _AZAPI:
        written = body.text("type").partition("@")[0]
        result = _folded(tables, ARM).get(fold(written))
        entries = tables.get(ARM, {}).get(result, ()) if result else ()
        return Home(kind=ARM, type=result or written or declared_type, entries=entries)
    entries = tables.get(TERRAFORM, {}).get(declared_type, ())
    return Home(kind=TERRAFORM, type=declared_type, entries=entries)


def may_join(declared_type: str, tables: Tables) -> bool:
    """Whether one of a type may set what another resource does not say."""
    if declared_type in _AZAPI:
        return True
    return any(entry.joins for entry in home_of(declared_type, Node({}), tables).entries)


def provider_of(declared_type: str, entry: DeclaredType) -> str:
    """Name the cloud of an entry, also of one that is not a type of the vocabulary."""
    prefix = declared_type.partition("_")[0]
    return entry.type.partition(".")[0] or _PROVIDERS.get(prefix, prefix)


def in_api_form(home: Home, declared_type: str, body: Node) -> Node:
    """Give a body as the table of its home reads it."""
    if home.kind != ARM or declared_type not in _AZAPI:
        return body
    mapping = _mapping(body.get("body"))
    own = {key: body.get(key) for key in ("name", "location", "tags")}
    identity = body.get("identity", 0)
    made: dict[str, Node] = {key: value for key, value in own.items() if value is not None}
    if identity is not None:
        kind = identity.get("type") or Node("None")
        # Who it runs as is reported when it is made, and by no words that the code has for it.
        who = UnknownValue("who it runs as is known when it is made", is_given=True)
        made["identity"] = Node({"type": kind, "principalId": Node(who)}, identity.line)
    made["id"] = Node(azapi_id(body), body.line, body.column)
    made |= mapping.value if mapping is not None and isinstance(mapping.value, dict) else {}
    if mapping is not None and isinstance(mapping.value, UnknownValue):
        made["properties"] = mapping
    return Node(made, body.line, body.column)


def azapi_id(body: Node) -> Value:
    """Give the id of an ``azapi`` resource, with its parent's as it stands."""
    parent, name = body.get("parent_id"), body.get("name")
    written = body.text("type").partition("@")[0]
    if parent is None or name is None or not written:
        return UnknownValue("its parent is not written")
    is_child = written.count("/") > 1
    between = f"/{written.rpartition('/')[2]}/" if is_child else f"/providers/{written}/"
    return _joined(parent.value, between, name.value)


def _joined(parent: Any, between: str, name: Any) -> Value:
    parts: list[Any] = []
    for item in (parent, between, name):
        parts += item.parts if isinstance(item, Joined) else (item,)
    known = all(isinstance(part, (str, Symbol, UnknownValue)) for part in parts)
    return Joined(tuple(parts)) if known else UnknownValue("its parent is not known")


def _mapping(node: Node | None) -> Node | None:
    """A body is written as an object, or in older code as its JSON text."""
    if node is None or not isinstance(node.value, str):
        return node
    try:
        return marked_json.parse(node.value)
    except MlsecError as error:
        return Node(UnknownValue(error.message), node.line, node.column)


def _folded(tables: Tables, kind: str) -> Mapping[str, str]:
    names = tables.get(kind, {})
    return _fold_all(tuple(names))


@functools.lru_cache(maxsize=8)
def _fold_all(names: tuple[str, ...]) -> Mapping[str, str]:
    return {fold(name.removeprefix("AWS::").replace("::", "")): name for name in names}

"""What roles allow: as the subscription answers, else by the built-in definitions that ship.

The built-in definitions in ``rules/roles/azure.jsonl`` are the same in every subscription. Code
names them by id or name; they are read when the first role is asked for that nobody listed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mlsec.core.content_paths import content_folder
from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value
from mlsec.providers.azure.conditions.operators import guid
from mlsec.providers.azure.facts.rights import Block, Right, read_blocks

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

GRANTING = Right("microsoft.authorization/roleassignments/write")
_DEFINITION = "azure.identity.role_definition"
_FILE = "azure.jsonl"


class _BuiltIn(msgspec.Struct, frozen=True):
    """A line of the file: a role, by id and name."""

    role: str = ""
    name: str = ""
    permissions: tuple[Mapping[str, Any], ...] = ()


class NotRead(msgspec.Struct, frozen=True):
    """Why it is not known what a role allows."""

    gaps: tuple[str, ...]


def role_blocks(role: str, seen_from: Resource, graph: Graph) -> tuple[Block, ...] | NotRead:
    """Give the permissions of a role that is named by its id, or in code by its name."""
    key = guid(role)
    return graph.memo(
        ("azure role blocks", seen_from.scope, key), lambda: _find(role, key, seen_from, graph)
    )


def blocks_of(definition: Resource) -> tuple[Block, ...] | None:
    """Give the permissions of a role definition, None when they were not read."""
    fact = property_value(definition, "permissions")
    return read_blocks(fact.value or ()) if isinstance(fact, Known) else None


def _find(role: str, key: str, seen_from: Resource, graph: Graph) -> tuple[Block, ...] | NotRead:
    definition = graph.memo(("azure roles", ""), lambda: _index(graph)).get(key)
    if definition is not None:
        blocks = blocks_of(definition)
        if blocks is not None:
            # The version that is asked leaves out the conditions that built-in roles have.
            is_custom = definition.properties.get("is_custom") is True
            return blocks if is_custom else _with_conditions(blocks, key)
    built_in = _built_in().get(key)
    if built_in is not None:
        return read_blocks(built_in.permissions)
    if definition is not None:
        return NotRead(tuple(definition.unread.get("permissions", ())))
    return NotRead(_no_definition(role, seen_from, graph))


def _with_conditions(blocks: tuple[Block, ...], key: str) -> tuple[Block, ...]:
    """Give a built-in role's blocks that give roles the condition on which ones."""
    if not any(block.holds(GRANTING) for block in blocks):
        return blocks
    built_in = _built_in().get(key)
    known = read_blocks(built_in.permissions) if built_in else ()
    condition = next((b.condition for b in known if b.condition and b.holds(GRANTING)), "")
    return tuple(
        msgspec.structs.replace(block, condition=condition) if block.holds(GRANTING) else block
        for block in blocks
    )


def _index(graph: Graph) -> dict[str, Resource]:
    """Index the definitions that were listed by id, and custom ones by name."""
    definitions = graph.of_type(_DEFINITION)
    by_name = {guid(resource.name): resource for resource in reversed(definitions)}
    by_id = {guid(str(resource.properties.get("role") or "")): resource for resource in definitions}
    return {**by_name, **by_id}


@functools.cache
def _built_in() -> Mapping[str, _BuiltIn]:
    text = (content_folder("rules") / "roles" / _FILE).read_bytes()
    decoder = msgspec.json.Decoder(_BuiltIn)
    roles = [decoder.decode(line) for line in text.splitlines()]
    by_name = {guid(role.name): role for role in roles if role.role}
    return {**by_name, **{guid(role.role): role for role in roles if role.role}}


def _no_definition(role: str, seen_from: Resource, graph: Graph) -> tuple[str, ...]:
    hidden = graph.incomplete(_DEFINITION, seen_from.scope, "")
    return hidden or (
        graph.note_gap(
            make_gap(
                scope=seen_from.scope,
                subject=seen_from.id,
                wanted=f"role definition {role}",
                reason=GapReason.UNRESOLVED,
                detail=f"role {role} is given but its definition was not among those listed",
            )
        ),
    )

"""One thing that a call deploys, in the words of the table that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call

_OPEN = UnknownValue("more arguments are given to the call than the file says")


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What a call makes: ``kind`` and ``type`` name the table's entry, ``body`` is what it is.

    ``given`` is what it goes by when its body does not name it.
    """

    kind: str
    type: str
    body: Node
    call: Call
    given: str = ""

    @property
    def why_open(self) -> UnknownValue | None:
        """Why what the body does not say is not known; None where it is what the service does."""
        return _OPEN if self.call.is_open or (self.call.on and self.call.on.is_open) else None


def mapping_at(call: Call, values: Mapping[str, Any]) -> Node:
    """Give a mapping that stands where a call stands, without what is not given or None."""
    nodes = {
        key: value if isinstance(value, Node) else Node(value, call.line, call.column)
        for key, value in values.items()
        if value is not None and not (isinstance(value, Node) and value.value is None)
    }
    return Node(nodes, call.line, call.column)


def given_name_of(call: Call, fallback: str) -> str:
    """Give what a thing goes by that has no name: the variable it is given to."""
    return (call.assigned or fallback).replace("self.", "")

"""The tables of derived facts; a function may read what stands above it in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.values import Known, Targets, Unread

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

DERIVED: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {}

DERIVED_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {}

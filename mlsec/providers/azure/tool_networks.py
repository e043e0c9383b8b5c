"""Security groups in code that open the ports of notebooks and dashboards: ML hosts are behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlsec.core.resource import Resource

_GROUP = "azure.network.nsg"
# Jupyter, TensorBoard, Gradio, Ray, Dask and RStudio. Little else listens there.
_TOOL_PORTS = (8888, 6006, 7860, 8265, 10001, 8786, 8787)
# A range that holds more ports was not written for one of them.
_MOST_PORTS = 20


def groups_of_tools(kept: Iterable[Resource], left: Iterable[Resource]) -> list[Resource]:
    """Give the groups among the second resources that open such a port to the internet."""
    del kept
    return [item for item in left if item.type == _GROUP and _opens_tool(item)]


def _opens_tool(group: Resource) -> bool:
    ranges: Any = group.properties.get("public_port_ranges") or ()
    return any(
        opened["protocol"] in ("tcp", "all")
        and opened["to_port"] - opened["from_port"] < _MOST_PORTS
        and any(opened["from_port"] <= port <= opened["to_port"] for port in _TOOL_PORTS)
        for opened in ranges
    )

"""Where the boxes and arrows of an attack path go: layers from top to bottom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from mlsec.core.finding import AttackPath, PathEdge, PathNode
from mlsec.render.display import shown

BOX_WIDTH = 290
BOX_HEIGHT = 58
_GAP_X = 20
_GAP_Y = 46
_MARGIN = 8
_LANE = 26
_NAME_CHARS = 28
_TYPE_CHARS = 34
_NODES_DRAWN = 24


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One node: its corner, and texts cut to fit; ``number`` is its step in the list."""

    x: int
    y: int
    number: int
    type: str
    name: str
    is_subject: bool


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """One edge: an SVG path and its label with place and anchor."""

    line: str
    label: str
    x: int
    y: int
    anchor: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A path ready to draw; ``left_out`` nodes did not fit and are in the list of steps only."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    left_out: int = 0


def draw(path: AttackPath) -> Drawing:
    """Lay the path out: each node one layer below the deepest of those that lead to it."""
    nodes = path.nodes[:_NODES_DRAWN]
    edges = [edge for edge in path.edges if edge.source < len(nodes) and edge.target < len(nodes)]
    layers = _layers(len(nodes), edges)
    rows: dict[int, list[int]] = defaultdict(list)
    for node, layer in enumerate(layers):
        rows[layer].append(node)
    columns = max(len(row) for row in rows.values())
    inner = columns * BOX_WIDTH + (columns - 1) * _GAP_X
    corners = _corners(rows, inner)
    aside = [edge for edge in edges if layers[edge.target] - layers[edge.source] != 1]
    down = [edge for edge in edges if layers[edge.target] - layers[edge.source] == 1]
    arrows = [_straight(edge, corners) for edge in down]
    arrows += [_around(edge, corners, inner, lane) for lane, edge in enumerate(aside)]
    height = len(rows) * BOX_HEIGHT + (len(rows) - 1) * _GAP_Y + 2 * _MARGIN
    return Drawing(
        width=inner + 2 * _MARGIN + (_LANE * len(aside) + 10 if aside else 0),
        height=height,
        boxes=tuple(_box(n, node, corners[n]) for n, node in enumerate(nodes)),
        arrows=tuple(arrows),
        left_out=len(path.nodes) - len(nodes),
    )


def _box(position: int, node: PathNode, corner: tuple[int, int]) -> Box:
    return Box(
        x=corner[0],
        y=corner[1],
        number=position + 1,
        type=shown(node.type, _TYPE_CHARS),
        name=shown(node.name or node.id, _NAME_CHARS)[:_NAME_CHARS],
        is_subject=position == 0,
    )


def _layers(count: int, edges: Sequence[PathEdge]) -> list[int]:
    """Give each node the length of the longest way to it, edges that close a circle aside."""
    forward = _without_circles(count, edges)
    layers = [0] * count
    for _ in range(count):
        for edge in forward:
            layers[edge.target] = max(layers[edge.target], layers[edge.source] + 1)
    used = sorted(set(layers))
    return [used.index(layer) for layer in layers]


def _without_circles(count: int, edges: Sequence[PathEdge]) -> list[PathEdge]:
    """Drop each edge that leads back to a node being visited; start where nothing leads to."""
    out: dict[int, list[PathEdge]] = defaultdict(list)
    reached = {edge.target for edge in edges}
    for edge in edges:
        out[edge.source].append(edge)
    kept: list[PathEdge] = []
    state = [0] * count

    def visit(node: int) -> None:
        state[node] = 1
        for edge in out[node]:
            if state[edge.target] == 1:
                continue
            kept.append(edge)
            if state[edge.target] == 0:
                visit(edge.target)
        state[node] = 2

    for node in sorted(range(count), key=lambda index: (index in reached, index)):
        if state[node] == 0:
            visit(node)
    return kept


def _corners(rows: dict[int, list[int]], inner: int) -> dict[int, tuple[int, int]]:
    corners = {}
    for layer, row in sorted(rows.items()):
        width = len(row) * BOX_WIDTH + (len(row) - 1) * _GAP_X
        left = _MARGIN + (inner - width) // 2
        top = _MARGIN + layer * (BOX_HEIGHT + _GAP_Y)
        for position, node in enumerate(row):
            corners[node] = (left + position * (BOX_WIDTH + _GAP_X), top)
    return corners


def _straight(edge: PathEdge, corners: dict[int, tuple[int, int]]) -> Arrow:
    x1, y1 = corners[edge.source][0] + BOX_WIDTH // 2, corners[edge.source][1] + BOX_HEIGHT
    x2, y2 = corners[edge.target][0] + BOX_WIDTH // 2, corners[edge.target][1]
    middle = (y1 + y2) // 2
    bend = y1 + 14
    return Arrow(
        line=f"M{x1} {y1}V{bend}H{x2}V{y2 - 5}",
        label=shown(edge.relation, 24)[:24],
        x=x2 + 9,
        y=middle + 4 if x1 == x2 else y2 - 11,
        anchor="start",
    )


def _around(edge: PathEdge, corners: dict[int, tuple[int, int]], inner: int, lane: int) -> Arrow:
    """Lead an edge that skips layers or goes back up around the right side."""
    x1, y1 = corners[edge.source][0] + BOX_WIDTH, corners[edge.source][1] + BOX_HEIGHT // 2 + 8
    x2, y2 = corners[edge.target][0] + BOX_WIDTH, corners[edge.target][1] + BOX_HEIGHT // 2 - 8
    far = _MARGIN + inner + 14 + lane * _LANE
    turn = 8 if y2 > y1 else -8
    line = (
        f"M{x1} {y1}H{far - 8}Q{far} {y1} {far} {y1 + turn}"
        f"V{y2 - turn}Q{far} {y2} {far - 8} {y2}H{x2 + 5}"
    )
    return Arrow(
        line=line, label=shown(edge.relation, 24), x=far + 4, y=(y1 + y2) // 2, anchor="middle"
    )

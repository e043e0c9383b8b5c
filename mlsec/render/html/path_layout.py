"""Where the boxes and arrows of an attack path go: one column, so that a phone shows all of it."""

from __future__ import annotations

import textwrap

import msgspec

from mlsec.render.attack_story import Story, StoryEdge, StoryNode

BOX_WIDTH = 290
_LINE_HEIGHT = 18
_HEAD_HEIGHT = 40
_GAP = 44
_LABEL_HEIGHT = 16
_MARGIN = 8
_LANE = 22
_NAME_CHARS = 34
_NAME_LINES = 3
_LABEL_CHARS = 40
_NODES_DRAWN = 24


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One stop: its corner and height, and the lines of its name."""

    x: int
    y: int
    height: int
    number: int
    kind: str
    lines: tuple[tuple[int, str], ...]
    part: str
    is_subject: bool


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """One step: an SVG path and its label with place and anchor."""

    line: str
    label: str
    x: int
    y: int
    anchor: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A path ready to draw; ``left_out`` stops did not fit and are in the list of steps only."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    left_out: int = 0


def draw(story: Story) -> Drawing:
    """Lay the story out from top to bottom; a step that skips stops goes around on the right."""
    nodes = story.nodes[:_NODES_DRAWN]
    edges = [edge for edge in story.edges if max(edge.source, edge.target) < len(nodes)]
    boxes: list[Box] = []
    top = _MARGIN
    for number, node in enumerate(nodes):
        box = _box(number, node, top)
        boxes.append(box)
        leaving = sum(edge.source == number for edge in edges)
        top += box.height + _GAP + _LABEL_HEIGHT * max(0, leaving - 1)
    bottom = boxes[-1].y + boxes[-1].height if boxes else _MARGIN
    aside = [edge for edge in edges if edge.target != edge.source + 1]
    arrows = [_straight(edge, boxes) for edge in edges if edge.target == edge.source + 1]
    for lane, edge in enumerate(aside):
        above = sum(other.source == edge.source for other in aside[:lane])
        arrows.append(_around(edge, boxes, lane, above))
    return Drawing(
        width=BOX_WIDTH + 2 * _MARGIN + _LANE * len(aside),
        height=bottom + _MARGIN,
        boxes=tuple(boxes),
        arrows=tuple(arrows),
        left_out=len(story.nodes) - len(nodes),
    )


def _box(position: int, node: StoryNode, top: int) -> Box:
    lines = textwrap.wrap(
        node.name, _NAME_CHARS, max_lines=_NAME_LINES, placeholder=" …", break_on_hyphens=True
    ) or [""]
    return Box(
        x=_MARGIN,
        y=top,
        height=_HEAD_HEIGHT + _LINE_HEIGHT * len(lines),
        number=position + 1,
        kind=node.kind[:_NAME_CHARS],
        lines=tuple((top + 43 + _LINE_HEIGHT * n, line) for n, line in enumerate(lines)),
        part=node.part,
        is_subject=node.is_subject,
    )


def _straight(edge: StoryEdge, boxes: list[Box]) -> Arrow:
    start, end = boxes[edge.source], boxes[edge.target]
    middle = start.x + BOX_WIDTH // 2
    bottom = start.y + start.height
    return Arrow(
        line=f"M{middle} {bottom}V{end.y - 5}",
        label=edge.does[:_LABEL_CHARS],
        x=middle + 9,
        y=end.y - 18,
        anchor="start",
    )


def _around(edge: StoryEdge, boxes: list[Box], lane: int, above: int) -> Arrow:
    """Lead a step around the right side; its label stands below where it begins, and below those of
    ``above`` others.
    """
    start, end = boxes[edge.source], boxes[edge.target]
    right = start.x + BOX_WIDTH
    y1, y2 = start.y + start.height - 12, end.y + 14
    far = right + 12 + lane * _LANE
    turn = 8 if y2 > y1 else -8
    line = (
        f"M{right} {y1}H{far - 8}Q{far} {y1} {far} {y1 + turn}"
        f"V{y2 - turn}Q{far} {y2} {far - 8} {y2}H{right + 5}"
    )
    label = f"{edge.does} ({edge.target + 1})"
    return Arrow(
        line=line,
        label=label[:_LABEL_CHARS],
        x=right,
        y=start.y + start.height + 15 + _LABEL_HEIGHT * above,
        anchor="end",
    )

"""Renders all that is a root in a target: its charts, then its kustomizations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlsec.collect.code.code_file import Rendering
from mlsec.iac.rendered.chart_folder import ReadFile, Tree
from mlsec.iac.rendered.charts import render_charts
from mlsec.iac.rendered.overlays import render_overlays


def render_all(paths: Iterable[str], read: ReadFile) -> Iterator[tuple[str, Rendering]]:
    """Give the path of each root in the target, and what it became."""
    tree = Tree(paths, read)
    yield from render_charts(tree)
    yield from render_overlays(tree)

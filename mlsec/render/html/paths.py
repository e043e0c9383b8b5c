"""The attack paths of the page: each with its story and its picture."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.core.finding import Finding
from mlsec.render.attack_story import Story, story_of
from mlsec.render.html.path_layout import Drawing, draw
from mlsec.render.wording import Wording


class PathView(msgspec.Struct, frozen=True, kw_only=True):
    """One attack path: its finding, its story and its picture."""

    finding: Finding
    story: Story
    drawing: Drawing


def drawn_paths(pathed: Sequence[Finding], assessment: Assessment) -> tuple[PathView, ...]:
    """Tell and draw each."""
    wording = Wording(assessment.catalogue)
    rules = {rule.id: rule for rule in assessment.rules}
    stories = (
        (item, story_of(item, rules.get(item.rule), assessment.catalogue, wording))
        for item in pathed
    )
    return tuple(
        PathView(finding=finding, story=story, drawing=draw(story)) for finding, story in stories
    )

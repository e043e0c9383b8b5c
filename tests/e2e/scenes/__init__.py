"""Scenes of every path rule, cloud by cloud: what must fire, and what nearly does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mlsec.core.assessment import Assessment
from mlsec.engine.model.rule import RuleSet


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule must say in one cloud's scenes.

    ``fires`` names all that fails; ``near`` is the last part of the ids of what lacks one link of
    the path, and passes. ``never_passes`` is the reason why the rule can fail here but never pass:
    what is near is then not assessed.
    """

    fires: tuple[str, ...]
    near: tuple[str, ...]
    never_passes: str = ""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One cloud's scenes by rule (the id without ``paths/``), and how they are played.

    ``play`` takes the rules and an empty folder, and gives the verdicts over all scenes at once.
    ``lacks`` gives the reason why a rule can never fire on this cloud.
    """

    scenes: Mapping[str, Scene]
    play: Callable[[RuleSet, Path], Assessment]
    lacks: Mapping[str, str] = msgspec.field(default_factory=dict)

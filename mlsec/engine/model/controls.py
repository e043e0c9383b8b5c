"""Frameworks and objectives, and the controls that each rule links to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlsec.core.assessment import StatusCounts
from mlsec.core.catalogue import ControlLink
from mlsec.core.framework import Framework
from mlsec.engine.model.framework_file import FrameworkFile
from mlsec.engine.model.objectives import Objective, load_objectives

# What most rules came to in most scans.
NOTHING = StatusCounts()


class Frameworks(msgspec.Struct, frozen=True, kw_only=True):
    """Every framework and objective by its id."""

    frameworks: Mapping[str, Framework] = msgspec.field(default_factory=dict)
    objectives: Mapping[str, Objective] = msgspec.field(default_factory=dict)

    def ids(self) -> frozenset[str]:
        """Every control as ``framework/ID``."""
        return frozenset(
            f"{name}/{control}"
            for name, framework in self.frameworks.items()
            for control in framework.controls
        )

    def links(self, objective: str, own: tuple[ControlLink, ...]) -> tuple[ControlLink, ...]:
        """Join a rule's own links and its objective's, each control once, sorted by its id."""
        known = self.objectives.get(objective)
        links = {link.id: link for link in (known.controls if known is not None else ())}
        links.update((link.id, link) for link in own)
        return tuple(links[control] for control in sorted(links))


def load_frameworks(folder: Path) -> Frameworks:
    """Read ``*.yaml`` of a folder, one framework a file, and ``../objectives``.

    Raises:
        MlsecError: not strict YAML, an unknown or missing key, or an unknown control or objective.
    """
    files = [FrameworkFile(path) for path in sorted(folder.glob("*.yaml"))]
    known = Frameworks(frameworks={file.framework.id: file.framework for file in files})
    objectives = load_objectives(folder.parent / "objectives", known.ids())
    frameworks = {file.framework.id: file.described(objectives) for file in files}
    return Frameworks(frameworks=frameworks, objectives=objectives)

"""Frameworks, topics and objectives, and the controls that each rule links to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.assessment import StatusCounts
from mlsec.core.catalogue import ControlLink
from mlsec.core.errors import MlsecError
from mlsec.core.framework import Framework
from mlsec.core.strict_yaml import Document, parse
from mlsec.engine.model.framework_file import FrameworkFile
from mlsec.engine.model.objectives import Objective, load_objectives

_TOPICS_FILE = "topics.yaml"
# What most rules came to in most scans.
NOTHING = StatusCounts()


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule of this topic shows, and the controls (``framework/ID``) it is evidence for."""

    name: str
    shows: str
    controls: tuple[str, ...] = ()


class Frameworks(msgspec.Struct, frozen=True, kw_only=True):
    """Every framework, topic and objective by its id."""

    frameworks: Mapping[str, Framework] = msgspec.field(default_factory=dict)
    topics: Mapping[str, Topic] = msgspec.field(default_factory=dict)
    objectives: Mapping[str, Objective] = msgspec.field(default_factory=dict)

    def ids(self) -> frozenset[str]:
        """Every control as ``framework/ID``."""
        return frozenset(
            f"{name}/{control}"
            for name, framework in self.frameworks.items()
            for control in framework.controls
        )

    def has(self, control: str) -> bool:
        """Whether ``framework/ID`` exists."""
        framework, _, control_id = control.partition("/")
        return framework in self.frameworks and control_id in self.frameworks[framework].controls


def load_frameworks(folder: Path) -> Frameworks:
    """Read ``*.yaml`` of a folder: one framework a file, topics.yaml, and ``../objectives``.

    Raises:
        MlsecError: not strict YAML, an unknown or missing key, or an unknown control or objective.
    """
    files = [FrameworkFile(path) for path in sorted(folder.glob("*.yaml")) if _is_framework(path)]
    known = Frameworks(frameworks={file.framework.id: file.framework for file in files})
    objectives = load_objectives(folder.parent / "objectives", known.ids())
    frameworks = {file.framework.id: file.described(objectives) for file in files}
    path = folder / _TOPICS_FILE
    topics = (
        _read_topics(parse(path.read_text("utf-8"), str(path)), known) if path.is_file() else {}
    )
    return Frameworks(frameworks=frameworks, topics=topics, objectives=objectives)


class Links:
    """Joins a rule's topics and own links to one list; rules of the same topics share one."""

    def __init__(self, frameworks: Frameworks) -> None:
        self._frameworks = frameworks
        self._of_topic: dict[tuple[str, str], dict[str, ControlLink]] = {}
        self._of_rules: dict[tuple[str, tuple[str, ...]], tuple[ControlLink, ...]] = {}

    def of(
        self,
        topics: tuple[str, ...],
        extra: tuple[ControlLink, ...],
        resource_type: str,
        objective: str = "",
    ) -> tuple[ControlLink, ...]:
        """Give the links without repeats, sorted by control id: a rule's own and its objective's.

        A rule without an objective has the links of its topics. Controls of a framework for other
        providers than the rule's are left out.
        """
        if objective:
            links = {link.id: link for link in self._frameworks.objectives[objective].controls}
            links.update((link.id, link) for link in extra)
            return tuple(links[control] for control in sorted(links))
        provider = resource_type.partition(".")[0] if "." in resource_type else ""
        if extra:
            return self._joined(provider, topics, extra)
        key = (provider, topics)
        if key not in self._of_rules:
            self._of_rules[key] = self._joined(provider, topics, ())
        return self._of_rules[key]

    def _joined(
        self, provider: str, topics: tuple[str, ...], extra: tuple[ControlLink, ...]
    ) -> tuple[ControlLink, ...]:
        control_links: dict[str, ControlLink] = {}
        for name in reversed(topics):
            control_links.update(self._topic(provider, name))
        control_links.update((link.id, link) for link in extra)
        return tuple(control_links[control] for control in sorted(control_links))

    def _topic(self, provider: str, name: str) -> dict[str, ControlLink]:
        key = (provider, name)
        if key not in self._of_topic:
            topic = self._frameworks.topics[name]
            because = f"shows {topic.shows}"
            self._of_topic[key] = {
                control: ControlLink(id=control, because=because)
                for control in topic.controls
                if self._is_for(control, provider)
            }
        return self._of_topic[key]

    def _is_for(self, control: str, provider: str) -> bool:
        only = self._frameworks.frameworks[control.partition("/")[0]].providers
        return not (provider and only and provider not in only)


def _is_framework(path: Path) -> bool:
    return path.name != _TOPICS_FILE


def _read_topics(document: Document, known: Frameworks) -> dict[str, Topic]:
    topics = {}
    for name, raw in _mapping(document).items():
        for index, control in enumerate(raw.get("controls", ())):
            if not known.has(control):
                raise MlsecError(
                    f'topic "{name}" names the unknown control "{control}"',
                    location=document.where(name, "controls", index),
                )
        controls = tuple(raw.get("controls", ()))
        topics[name] = Topic(name=name, shows=str(raw.get("shows", "")), controls=controls)
    return topics


def _mapping(document: Document) -> dict[str, Any]:
    if not isinstance(document.value, dict):
        raise MlsecError("expected a mapping", location=document.where())
    return document.value

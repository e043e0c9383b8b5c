"""The checks of what a rule points to: framework controls, topics, checks of other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.assessment import ControlLink
from mlsec.core.suggestions import did_you_mean
from mlsec.engine.model.diagnostics import Diagnostics

_EQUIVALENT = re.compile(r"[a-z0-9][a-z0-9_-]*:\S.*\Z")


class KnownControls(msgspec.Struct, frozen=True, kw_only=True):
    """The known control ids per framework and the topics; None where the file is not there."""

    controls: Mapping[str, tuple[str, ...]] | None = None
    topics: tuple[str, ...] | None = None


def read_controls(
    raw: Sequence[Any], known: KnownControls, mistakes: Diagnostics
) -> tuple[ControlLink, ...]:
    """Read ``[{id: framework/ID, because: ...}]``; an unknown id is recorded."""
    links = []
    for n, item in enumerate(raw):
        if not isinstance(item, dict) or set(item) != {"id", "because"}:
            mistakes.add("a control link has id and because", "controls", n)
            continue
        links.append(ControlLink(id=str(item["id"]), because=str(item["because"])))
        if known.controls is not None:
            _check_control(str(item["id"]), known.controls, n, mistakes)
    return tuple(links)


def _check_control(
    link: str, known: Mapping[str, tuple[str, ...]], n: int, mistakes: Diagnostics
) -> None:
    framework, _, control = link.partition("/")
    here = ("controls", n, "id", "=")
    if framework not in known:
        suggestion = did_you_mean(framework, known)
        mistakes.add(f'unknown framework "{framework}"{suggestion}', *here)
    elif control not in known[framework]:
        suggestion = did_you_mean(control, known[framework])
        mistakes.add(f'{framework} has no control "{control}"{suggestion}', *here)


def check_topics(
    topics: tuple[str, ...], known: KnownControls, mistakes: Diagnostics
) -> tuple[str, ...]:
    """Give the topics; an unknown one is recorded."""
    for n, topic in enumerate(topics):
        if known.topics is not None and topic not in known.topics:
            suggestion = did_you_mean(topic, known.topics)
            mistakes.add(f'unknown topic "{topic}"{suggestion}', "topics", n)
    return topics


def check_equivalents(items: tuple[str, ...], mistakes: Diagnostics) -> tuple[str, ...]:
    """Give the equivalents; one that is not ``tool:check-id`` is recorded."""
    for n, text in enumerate(items):
        if not _EQUIVALENT.match(text):
            mistakes.add(f'"{text}" is not tool:check-id', "equivalents", n)
    return items

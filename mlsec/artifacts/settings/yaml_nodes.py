"""Judges the nodes of a YAML text, which are never built into what their tags ask for."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.requirement_lines import judge_environment
from mlsec.artifacts.settings.settings import judge_settings
from mlsec.core.regex import regex

MOST_NESTED = 100
MOST_NODES = 200_000
_RUNS = regex(
    r"(?:tag:yaml\.org,2002:|!+)(?:python|ruby|perl|php|java|javax|net|com\.sun)\b[/.:]?|^!?ruby/"
)
_BRACKETS = regex(r"[\[{}\]]")
# So far in that it must be nested deeper than is followed.
_INDENTED = regex(rf"(?:\A|[\n\r\v\f\x85\u2028\u2029])[ -]{{{4 * (MOST_NESTED + 1)}}}")
# Tags of HyperPyYAML: what is made, called, named or imported.
_HYPER = regex(r"!(new|apply|name|module):([\w.]+)\Z")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves the type of plain scalars open: each counts as the text that it is."""

    def resolve(self, _kind: type, _value: str | None, _implicit: object) -> str:
        """Give the tag of a node that is written without one."""
        return ""

    def descend_resolver(self, _parent: yaml.Node | None, _index: object) -> None:
        """Do nothing: no node is resolved by its path."""

    def ascend_resolver(self) -> None:
        """Do nothing, as above."""


def judge_yaml(text: str, record: Recorder) -> None:
    """Judge a YAML text; what does not parse is searched for tags.

    Raises:
        OverLimitError: nested deeper than can be followed.
    """
    if _nesting(text) > MOST_NESTED:
        record.fact(FactKind.BOMB, "YAML", "nested deeper than can be followed")
        raise OverLimitError("YAML is nested deeper than can be followed")
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError):
        # Not every file that looks like YAML is: templates of it, notes. Its tags still count.
        _search(text, record)
        return
    except RecursionError as error:
        record.fact(FactKind.BOMB, "YAML", "nested deeper than can be followed")
        raise OverLimitError("YAML is nested deeper than can be followed") from error
    builder = _Builder(record)
    for node in nodes:
        if node is not None:
            _judge(builder.value(node), record)


def _judge(value: Any, record: Recorder) -> None:
    # Counted before anything is judged: what multiplies must not cost more than to count it.
    if _count(value) >= MOST_NODES:
        record.fact(FactKind.BOMB, "YAML", "aliases multiply into more than can be read")
        raise ArtifactError("YAML aliases multiply into more than can be read")
    judge_settings(value, record)
    judge_environment(value, record)


def _count(value: Any) -> float:
    """How many values are reached, each as often as it is; infinite where one holds itself.

    Each value is looked at once: to follow every alias would take time and memory without end.
    """
    counts: dict[int, float] = {}
    left = [(value, False)]
    while left:
        current, is_done = left.pop()
        inner = _inner(current)
        if is_done:
            counts[id(current)] = 1 + sum(counts[id(item)] for item in inner)
        elif id(current) not in counts:
            counts[id(current)] = math.inf  # as long as what it holds is not counted
            left.append((current, True))
            left += [(item, False) for item in inner]
    return counts[id(value)]


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _search(text: str, record: Recorder) -> None:
    if match := re.search(r"(?:!!|tag:yaml\.org,2002:)python/[\w/:.]{1,100}", text):
        record.fact(FactKind.YAML_TAG, match.group(), "a tag that runs code when it is loaded")


def _nesting(text: str) -> int:
    deepest = 0
    if text.count("[") + text.count("{") > MOST_NESTED:
        depth = 0
        for match in _BRACKETS.finditer(text):
            depth = max(0, depth + (1 if match.group() in "[{" else -1))
            deepest = max(deepest, depth)
            if depth > MOST_NESTED:
                break
    return MOST_NESTED + 1 if _INDENTED.search(text) else deepest


def _key(value: Any) -> str:
    """A key as a text; of other keys the texts in them, as aliases in them may multiply."""
    if isinstance(value, str):
        return value
    return ", ".join(item for item in _inner(value)[:10] if isinstance(item, str))[:100]


class _Builder:
    """Turns nodes into plain values, each node once; notes tags that would run code."""

    def __init__(self, record: Recorder) -> None:
        self.record = record
        self.built: dict[int, Any] = {}

    def value(self, root: yaml.Node) -> Any:
        """The plain value of a node: mappings, lists and texts, whatever the tags say."""
        if id(root) in self.built:
            return self.built[id(root)]
        if root.tag:
            self._tag(root)
        built: Any
        if isinstance(root, yaml.ScalarNode):
            built = root.value
            self.built[id(root)] = built
        elif isinstance(root, yaml.SequenceNode):
            built = self.built[id(root)] = []
            built.extend([self.value(item) for item in root.value])
        else:
            built = self.built[id(root)] = {}
            for key, result in root.value:
                built[_key(self.value(key))] = self.value(result)
        return built

    def _tag(self, node: yaml.Node) -> None:
        tag = node.tag if isinstance(node.tag, str) else ""
        if match := _HYPER.match(tag):
            module, _, name = match.group(2).rpartition(".")
            danger = danger_of(module or name, name if module else "x")
            if danger is not None:
                detail = "a tag that has this called when the settings are read (HyperPyYAML)"
                index = node.start_mark.index
                self.record.fact(FactKind.YAML_TAG, tag, detail, offset=index, danger=danger)
        elif _RUNS.match(tag):
            harmless = tag.removeprefix("tag:yaml.org,2002:python/") in HARMLESS
            if not harmless:
                detail = "a tag that makes an unsafe loader import or call something"
                self.record.fact(FactKind.YAML_TAG, tag, detail, offset=node.start_mark.index)


HARMLESS = frozenset(
    {
        "tuple",
        "str",
        "unicode",
        "int",
        "float",
        "bool",
        "none",
        "complex",
        "dict",
        "list",
        "bytes",
        "long",
    }
)

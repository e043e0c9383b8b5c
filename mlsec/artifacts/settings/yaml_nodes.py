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
# Tags of HyperPyYAML: what is made, called, named or imported.
_HYPER = regex(r"!(new|apply|name|module):([\w.]+)\Z")


def judge_yaml(text: str, record: Recorder) -> None:
    """Judge a YAML text; what does not parse is searched for tags.

    Raises:
        OverLimitError: nested deeper than can be followed.
    """
    if _nesting(text) > MOST_NESTED:
        record.fact(FactKind.BOMB, "YAML", "nested deeper than can be followed")
        raise OverLimitError("YAML is nested deeper than can be followed")
    try:
        nodes = list(yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
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
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth = max(0, depth - 1)
        elif character == "\n" and depth > 10_000:
            break
    indents = (len(line) - len(line.lstrip(" -")) for line in text.splitlines())
    return max(deepest, max(indents, default=0) // 4)


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
        self._tag(root)
        built: Any
        match root:
            case yaml.ScalarNode():
                built = root.value
                self.built[id(root)] = built
            case yaml.SequenceNode():
                built = self.built[id(root)] = []
                built.extend(self.value(item) for item in root.value)
            case yaml.MappingNode():
                built = self.built[id(root)] = {}
                for key, result in root.value:
                    built[_key(self.value(key))] = self.value(result)
            case _:
                built = None
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

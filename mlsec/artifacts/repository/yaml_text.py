"""Reads YAML without building what its tags ask for: tags that run code, settings, bombs."""

from __future__ import annotations

import itertools
import re
from typing import Any

import yaml

from mlsec.artifacts.errors import ArtifactError, OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.json_text import walk
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.repository.requirement_lines import judge_environment
from mlsec.artifacts.repository.settings import judge_settings
from mlsec.artifacts.window import Window
from mlsec.core.closed_sets import Severity

MOST_BYTES = 4 << 20
MOST_NESTED = 100
MOST_NODES = 200_000
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t\r\f\v]*+(?:#[^\n]*+)?+\n)*+"
    rb"(?:%(?:YAML|TAG)|---|- |![!<\w]|[\w.\"'/-]+[ ]?[\w .-]{0,60}:(?:[ \t\r\n]|\Z))"
)
# What makes a YAML file worth parsing: settings that load code, tags, or many aliases.
_WORTH = re.compile(
    rb"loader_module|_target_|trust.remote.code|auto_map|class_path|custom_pipeline|code:|template"
    rb"|licen[sc]e|parent_library|weight_map|target:|_implementation|sparkVersion|![\w!<]|%TAG|<<|\*\w+"
)
# An environment of packages that names some address.
_ENVIRONMENT = re.compile(rb"dependencies|pip_requirements")
_FAR = re.compile(rb"://|index.url|find.links|trusted.host|-[if][ =]")
_RUNS = re.compile(
    r"(?:tag:yaml\.org,2002:|!+)(?:python|ruby|perl|php|java|javax|net|com\.sun)\b[/.:]?|^!?ruby/"
)
_CODE = re.compile(
    rb"^[ \t-]*[\w.\"'-]{1,60}[ \t]*:[ \t]*[\"']?"
    rb"((?:builtins\.)?(?:exec|eval|__import__)|os\.(?:system|popen)|subprocess\.\w{1,20})[ \t]*\(",
    re.MULTILINE,
)
_MODEL = re.compile(
    rb"^[ \t]*(?:model\w*|layers|architectures?|backbone|tokenizer|weights|checkpoint|pipeline"
    rb"|flavors|trainer)[ \t]*:",
    re.MULTILINE,
)
ALIASES = 1_000


def sniff_yaml(head: bytes, window: Window) -> bool:
    """Whether a text starts as YAML does; its name may say so too."""
    named = window.name.lower().endswith((".yaml", ".yml")) or window.name.endswith("MLmodel")
    return named or bool(_START.match(head))


def read_yaml(window: Window, record: Recorder) -> None:
    """Judge tags and settings.

    Raises:
        OverLimitError: longer than 4 MiB, or nested too deep.
    """
    record.understood(0, window.size_bytes)
    data = window.read(0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OverLimitError(f"{window.size_bytes} bytes of YAML are over {MOST_BYTES}")
    _judge_code(data, record)
    if _WORTH.search(data) or (_ENVIRONMENT.search(data) and _FAR.search(data)):
        judge_yaml(data.decode("utf-8", "replace"), record)


def _judge_code(data: bytes, record: Recorder) -> None:
    """Note values that are a call which runs code, in what describes a model."""
    found = _CODE.search(data)
    if found and _MODEL.search(data):
        call = found.group(1).decode("ascii")
        detail = "a value of the configuration is code that something must mean to run"
        danger = Severity.MEDIUM
        record.fact(FactKind.EMBEDDED_CODE, call, detail, offset=found.start(1), danger=danger)


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
    if sum(1 for _ in itertools.islice(walk(value), MOST_NODES)) == MOST_NODES:
        record.fact(FactKind.BOMB, "YAML", "aliases multiply into more than can be read")
        raise ArtifactError("YAML aliases multiply into more than can be read")
    judge_settings(value, record)
    judge_environment(value, record)


def _search(text: str, record: Recorder) -> None:
    if found := re.search(r"(?:!!|tag:yaml\.org,2002:)python/[\w/:.]{1,100}", text):
        record.fact(FactKind.YAML_TAG, found.group(), "a tag that runs code when it is loaded")


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
                for key, held in root.value:
                    name = self.value(key)
                    built[name if isinstance(name, str) else str(name)[:100]] = self.value(held)
            case _:
                built = None
        return built

    def _tag(self, node: yaml.Node) -> None:
        tag = node.tag if isinstance(node.tag, str) else ""
        if _RUNS.match(tag):
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

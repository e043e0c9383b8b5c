"""Settings that name classes, kernels and operators of their own, and texts that are code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.json_text import plain_key, walk
from mlsec.artifacts.content.program_text import note_program, shell_in
from mlsec.artifacts.embedded.contents import judge_setting
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.python.notebooks import is_notebook, judge_notebook
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

# Larger documents are data: vocabularies, indexes, records.
MOST_TEXTS = 20_000
SHORTEST_TEXT = 9
# What holds words of people or of a vocabulary. Templates are judged as programs elsewhere.
_WORDS = regex(
    r"(?i)\.(?:vocab|merges|added_tokens\w*|tokens?|\w*template\w*|text|content|description"
    r"|prompt\w*|source|outputs|cells|summary|readme|docs?|help|comment\w*|example\w*|message\w*"
    r"|run|script|commands?|cmd|entrypoint|steps|question|answer|instruction\w*|data|samples|citation|homepage)(?:[.\[]|\Z)"
)
_DOTTED = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
# Operators of MXNet that call a function of the loading process.
_FOREIGN_OPS = frozenset({"Custom", "_Native", "_NDArray"})
_JAVA = regex(
    r"java\.lang\.(?:Runtime|ProcessBuilder|reflect)|javax\.(?:script|naming|management)\b"
    r"|org\.springframework\.|com\.sun\.|sun\.|java\.(?:rmi|net)\.|bsh\.|groovy\.|org\.codehaus\.groovy"
    r"|org\.apache\.(?:commons\.(?:collections|beanutils|configuration)|xalan|xbean|ibatis)"
    r"|ch\.qos\.logback\.core\.db|com\.mchange\.v2"
)
_SPARK = regex(r"(?:org\.apache\.spark|com\.microsoft\.azure\.synapse|com\.johnsnowlabs)\.")
LONGEST_COMMAND = 1 << 16
# A shell within the shell, with its words on the line; what starts something of a project.
_FURTHER_SHELL = regex(
    r"""(?<![\w.])(?:ba|z|da|k|c|fi)?sh\s+(?:-\w+\s+)*?-\w*c\s+(?P<given>'[^']{0,999}'|"(?:\\.|[^"\\]){0,999}"|\S{1,999})"""
)
_OF_THE_PROJECT = regex(
    r"\b(?:python|ipython|Rscript|java|julia|node|mlflow|pip|conda|poetry|uv|torchrun|accelerate"
    r"|make|papermill|jupyter)\b|\.(?:py|sh|R|jl|jar|ipynb)\b"
)


def judge_classes(value: Any, record: Recorder) -> None:
    """Note what a configuration makes a loader look up beyond the keys that all of them share."""
    if is_notebook(value):
        judge_notebook(value, record)
        return
    count, is_words = 0, lru_cache(4096)(lambda path: bool(_WORDS.search(path)))
    if isinstance(value, Mapping) and set(value) == {"op", "attributes"}:
        detail = (
            f"a part of an MLeap bundle, carried out by the loading program: {value['op']!r:.80}"
        )
        record.gap(GapReason.UNSUPPORTED, detail)
    for path, part in walk(value):
        if isinstance(part, Mapping):
            _mapping(part, path, record)
        elif isinstance(part, str) and len(part) >= SHORTEST_TEXT and count <= MOST_TEXTS:
            if is_words(path):
                continue
            count += 1
            if count <= MOST_TEXTS:
                judge_setting(part, path[-80:], record)
    if count > MOST_TEXTS:
        detail = f"of the texts of the settings the first {MOST_TEXTS} were looked into"
        record.fact(FactKind.NOT_FULLY_READ, "", detail, danger=Severity.INFO)


def judge_entry_points(value: Any, path: str, record: Recorder) -> None:
    """Note a command of an MLflow project that gives a further shell other text than its files.

    ``mlflow run`` gives every command to a shell: that alone says nothing.
    """
    for name, point in value.items() if isinstance(value, Mapping) else ():
        command = point.get("command") if isinstance(point, Mapping) else None
        if not isinstance(command, str):
            continue
        record.in_part(f"the command at {path[-80:]}", LONGEST_COMMAND, len(command))
        command = command[:LONGEST_COMMAND]
        for match in _FURTHER_SHELL.finditer(command):
            if not _OF_THE_PROJECT.search(match["given"]):
                detail = f"is run by a further shell when the project is (at {path}.{name})"
                given, danger = match.group()[:200], Severity.MEDIUM
                record.fact(FactKind.EMBEDDED_CODE, given, detail, danger=danger)
        if shell := shell_in(command.encode("utf-8", "replace")):
            note_program(record, shell, f"the command at {path}.{name}")


def _mapping(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    _constructor(part, path, record)
    for key, result in part.items():
        if isinstance(result, str) and isinstance(key, str):
            plain = plain_key(key)
            if plain.endswith("_implementation") and "/" in result:
                detail = f"code of another repository is run when the model is loaded (at {path})"
                record.fact(FactKind.REMOTE_CODE_TRUSTED, result, detail)
            elif plain == "target" and "params" in part and _DOTTED.match(result):
                _target(result, path, record)
            elif plain == "class" and ("sparkVersion" in part or "paramMap" in part):
                _spark(result, path, record)
            elif plain == "op" and result in _FOREIGN_OPS and ("inputs" in part or "name" in part):
                detail = f"an operator that the loading program must bring (at {path})"
                record.fact(FactKind.CUSTOM_OPERATOR, _op_type(part), detail)


def _constructor(part: Mapping[str, Any], path: str, record: Recorder) -> None:
    """What names its class in a list (LangChain), in Java, or as a command with its arguments."""
    names = part.get("id")
    if part.get("type") == "constructor" and isinstance(names, list) and len(names) > 1:
        _target(".".join(str(name) for name in names), path, record)
    java = part.get("@class")
    if isinstance(java, str) and _JAVA.match(java):
        detail = f"a class of Java that runs code or commands, or looks names up (at {path})"
        record.fact(FactKind.DENIED_CALL, java, detail, danger=Severity.HIGH)
    command, given = part.get("command"), part.get("args")
    if isinstance(command, str):
        others = given if isinstance(given, list) else []
        line = " ".join([command, *(str(other) for other in others)])
        record.in_part(f"the command at {path[-80:]}", LONGEST_COMMAND, len(line))
        if result := shell_in(line[:LONGEST_COMMAND].encode("utf-8", "replace")):
            note_program(record, result, f"the command at {path}")


def _op_type(part: Mapping[str, Any]) -> str:
    for key in ("attrs", "attr", "param"):
        inner = part.get(key)
        if isinstance(inner, Mapping) and isinstance(inner.get("op_type"), str):
            return str(inner["op_type"])
    return "Custom"


def _target(value: str, path: str, record: Recorder) -> None:
    module, _, name = value.rpartition(".")
    danger = danger_of(module, name)
    if danger is not None:
        detail = f"is called when the configuration is carried out (at {path})"
        record.fact(FactKind.DENIED_CALL, value, detail, danger=danger)
        return
    record.gap(GapReason.UNRESOLVED, f"what {value} does, which {path} has called, is not known")


def _spark(value: str, path: str, record: Recorder) -> None:
    if not _SPARK.match(value):
        detail = f"a class of no known package is loaded by its name (at {path})"
        record.fact(FactKind.CUSTOM_CODE, value, detail)

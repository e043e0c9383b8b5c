"""Programs and settings as text that no reader judges: reported, never taken as clean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.plain_text import read_text, sniff_text
from mlsec.artifacts.content.program_text import shell_in
from mlsec.artifacts.embedded.contents import judge_bytes
from mlsec.artifacts.embedded.recognition import decoded
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.requirement_lines import judge_line
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

READ_BYTES = 1 << 20
LANGUAGES: Mapping[str, str] = {
    ".js": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript", ".lua": "Lua", ".r": "R",
    ".jl": "Julia", ".rb": "Ruby", ".pl": "Perl", ".php": "PHP",
    ".sh": "a shell", ".bash": "a shell", ".zsh": "a shell", ".bat": "a shell", ".cmd": "a shell",
    ".ps1": "a shell", ".java": "Java",
    ".scala": "Scala", ".go": "Go", ".rs": "Rust", ".c": "C", ".cc": "C++", ".cpp": "C++",
    ".h": "C", ".cu": "CUDA", ".m": "MATLAB", ".pyx": "Cython", ".service": "systemd",
}  # fmt: skip
_SETTINGS = frozenset(".cfg .ini .conf .toml .properties .env .prototxt .args".split())  # noqa: SIM905
_PROGRAM = regex(
    rb"\b__import__\s*\(|\bos\.(?:system|popen)\s*\(|\bsubprocess\.\w+\s*\(|(?<![\w.])(?:exec|eval)\s*\("
    rb"|\bpickle\.loads?\s*\("
)
# A layer of Caffe whose module Caffe imports; what spaCy looks up in the loading program.
_CAFFE = regex(rb"\bpython_param\s*+(?::\s*+)?\{|\btype\s*:\s*[\"']?Python\b", re.IGNORECASE)
# TorchServe: models from an address, and what its Java machine loads or runs.
_SERVED = regex(
    rb"^[ \t]*(?:load_models|vmargs|model_store)[ \t]*=[^\n]*?(https?://\S{1,200}|-javaagent:\S{1,100}"
    rb"|-agentpath:\S{1,100}|-XX:On(?:OutOfMemory)?Error=[^\n]{1,100})",
    re.MULTILINE,
)
# Where packages come from: pip's, uv's, Poetry's and setuptools' own settings.
_INDEX = regex(
    rb"^[ \t]*(?:(?:extra[-_])?index[-_]url|find[-_]links|default-index)[ \t]*=[ \t]*[\"']?(\w+://[^\s\"']{1,200})"
    rb"|\[\[(?:tool\.(?:uv\.index|poetry\.source|pdm\.source)|source)\]\]"
    rb"(?:\n(?!\[)[^\n]*){0,6}?\nurl[ \t]*=[ \t]*[\"'](\w+://[^\"']{1,200})",
    re.MULTILINE,
)
# A package of a project at an address of its own.
_DIRECT = regex(
    rb"[\"'][\w.-]{1,100}(?:\[[\w, -]{0,100}\])?[ ]?@[ ]?((?:git\+)?https?://[^\s\"']{1,300})"
)
_PICKLE_MODULES = ("mlflow.pytorch.pickle_module", "pickle", "cloudpickle", "dill")
_MODULE = regex(rb"\bmodule\s*:\s*[\"']([\w.]{1,100})")
_REGISTERED = regex(
    rb"^@\w+[ \t]*=[ \t]*+[\"']?+(?!spacy[.-]|thinc|Adam|RAdam|SGD|[A-Z][\w]*\.v\d)(\S{1,100})",
    re.MULTILINE,
)


def sniff_prototxt(head: bytes, window: Window) -> bool:
    """Whether the name is one of Caffe's text form, which looks like YAML."""
    return window.name.lower().endswith(".prototxt") and sniff_text(head, window)


def read_foreign_text(window: Window, record: Recorder) -> None:
    """Account for a text, and report a program of a kind that is not assessed."""
    read_text(window, record)
    path = PurePosixPath(window.name)
    suffix = path.suffix.lower()
    data = window.read(0, READ_BYTES)
    record.in_part("the text", READ_BYTES, window.size_bytes)
    language = LANGUAGES.get(suffix, "")
    if path.name.startswith(("Dockerfile", "Makefile", "Jenkinsfile")):
        language = "a build"
    if language:
        detail = f"program text in the language of {language}, which no reader judges"
        record.gap(GapReason.UNSUPPORTED, detail, size_bytes=window.size_bytes)
    if inner := decoded(data):
        judge_bytes(Window.of(inner), "(decoded)", record)
    if result := shell_in(data):
        _code(result, record, "fetches and runs code, or gives a shell away")
    if suffix in _SETTINGS or path.name == "Pipfile":
        _settings(data, record)
    if path.name == "pickle_module_info.txt":
        _pickle_module(data, record)


def _settings(data: bytes, record: Recorder) -> None:
    if result := _PROGRAM.search(data):
        _code(result, record, "a value of the settings is code that something must mean to run")
    for result in (*_SERVED.finditer(data), *_INDEX.finditer(data)):
        place = next(part for part in result.groups() if part).decode("utf-8", "replace")
        if place.startswith("-"):
            _code(result, record, "an option that has a program loaded or run beside the server")
        else:
            judge_line(f"--index-url {place}", record)
    for result in _DIRECT.finditer(data):
        judge_line(result.group(1).decode("utf-8", "replace"), record)
    if result := _CAFFE.search(data):
        module = _MODULE.search(data)
        name = module.group(1).decode("ascii", "replace") if module else "Python"
        detail = "a layer that imports a module of Python and runs it"
        record.fact(FactKind.UNSAFE_OPERATOR, name, detail, offset=result.start())
    if result := _REGISTERED.search(data):
        name = result.group(1).decode("utf-8", "replace").strip("\"'")
        detail = f"the loading program must register {name}: what it does is not known"
        record.gap(GapReason.UNRESOLVED, detail)


def _pickle_module(data: bytes, record: Recorder) -> None:
    """The module that MLflow imports to load a model of torch, by its name alone."""
    name = data[:300].decode("utf-8", "replace").strip()
    if name and name not in _PICKLE_MODULES:
        detail = "a module that MLflow imports to load the model"
        record.fact(FactKind.CUSTOM_CODE, name, detail)


def _code(match: re.Match[bytes], record: Recorder, detail: str) -> None:
    text = match.group()[:80].decode("utf-8", "replace")
    record.fact(FactKind.EMBEDDED_CODE, text, detail, offset=match.start(), danger=Severity.MEDIUM)

"""Where packages come from: lines of requirement files, and of environments in YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

ELSEWHERE = regex(
    r"(?:--(?:extra-)?index-url|-i|--find-links|-f|--trusted-host)[ =]\s*(\S+)|((?:git\+)?(?:https?"
    r"|ssh|file)://\S+)"
)
# One commit of a repository: its content cannot be replaced.
_PINNED = regex(r"git\+https://.+@[0-9a-f]{40}\b")
_USUAL_INDEXES = (
    "https://pypi.org/", "https://download.pytorch.org/", "https://pypi.nvidia.com/",
    "https://pypi.ngc.nvidia.com/", "https://wheels.vllm.ai/", "https://flashinfer.ai/whl/",
    "https://data.pyg.org/whl/",
)  # fmt: skip
_USUAL_CHANNELS = (
    "https://conda.anaconda.org/",
    "https://repo.anaconda.com/",
    "https://repo.continuum.io/",
)
_LISTS = ("dependencies", "build_dependencies", "pip_requirements")
# Lists of those who build images: an address of one package is a matter of course there.
_BUILT_LISTS = ("requirements", "python_packages", "packages")
# Sections that hold such lists, and an index of their own.
_SECTIONS = ("python", "build")
_INDEXES = ("index_url", "extra_index_url", "find_links", "index-url", "extra-index-url")


def judge_line(line: str, record: Recorder) -> None:
    """Note the addresses in one line that packages would be installed from."""
    plain = line.split(" #", 1)[0].strip()
    if plain.startswith("#"):
        return
    for match in ELSEWHERE.finditer(plain):
        place = match.group(1) or match.group(2)
        # With the slash: pypi.nvidia.com.example.org is another's.
        if not f"{place}/".startswith(_USUAL_INDEXES):
            detail = "packages are installed from this address"
            danger = Severity.LOW if _PINNED.search(place) else None
            record.fact(FactKind.REMOTE_REFERENCE, place, detail, danger=danger)


def judge_environment(value: Any, record: Recorder) -> None:
    """Judge an environment of conda's or of MLflow's: its packages, and conda's channels."""
    if not isinstance(value, Mapping):
        return
    for name in _SECTIONS:
        judge_environment(value.get(name), record)
    for name in _INDEXES:
        if isinstance(value.get(name), str):
            judge_line(f"--index-url {value[name]}", record)
    for line in (line for name in _BUILT_LISTS for line in _lines(value.get(name))):
        if line.lstrip().startswith("-"):
            judge_line(line, record)
    lines = [line for name in _LISTS for line in _lines(value.get(name))]
    for line in lines:
        judge_line(line, record)
    channels = value.get("channels")
    if not lines or not isinstance(channels, list):
        return
    for channel in channels:
        if isinstance(channel, str) and not channel.startswith(_USUAL_CHANNELS):
            judge_line(channel, record)


def _lines(packages: Any) -> Iterator[str]:
    """The texts of a list of packages, and of the list for pip that it may contain."""
    if not isinstance(packages, list):
        return
    for package in packages:
        if isinstance(package, str):
            yield package
        elif isinstance(package, Mapping) and isinstance(package.get("pip"), list):
            yield from (inner for inner in package["pip"] if isinstance(inner, str))

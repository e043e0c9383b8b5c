"""Merges command line, MLSEC_* variables, mlsec.yaml and defaults into the settings of a command.

The command line wins, then the variable, then the chosen environment of the file, then the rest of
the file, then the default. A list replaces a list.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from mlsec.cli import console
from mlsec.cli.config.find import FOREIGN, find_config
from mlsec.cli.config.options import NONE, configurable, own_options
from mlsec.cli.config.read import ConfigFile, Setting, read_config
from mlsec.cli.config.values import TARGETS, Reader, default_of
from mlsec.cli.target import is_remote
from mlsec.core.errors import MlsecError
from mlsec.core.foreign import distrust, is_foreign
from mlsec.core.suggestions import did_you_mean

COMMAND_LINE, DEFAULT = "command line", "default"
_PREFIX = "MLSEC_"
# Read where they are used, by the scripts of ci/, or while mlsec is built and tested.
_OTHER_VARIABLES = frozenset(
    f"{_PREFIX}{name}"
    for name in (
        "ARGS", "BUILDER", "CHECKOV", "DEBUG", "DIRECTORY", "FORMATS", "GATE", "GCP_ENDPOINT",
        "HOME", "IMAGE", "LOCK", "OUT", "PODMAN", "PYTHON", "REPOSITORY",
    )
)  # fmt: skip


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Every option of a command with its value and source, and the file that was read."""

    settings: Mapping[str, Setting]
    file: str = ""
    environment: str = ""


def configuration_of(args: argparse.Namespace) -> Configuration:
    """Merge the sources.

    Raises:
        MlsecError: a file or variable is malformed, or the file may not be read unless it is named.
    """
    parser: argparse.ArgumentParser = args.parser
    options = own_options(parser)
    given = {
        name: Setting(value=getattr(args, action.dest), source=COMMAND_LINE)
        for name, action in options.items()
        if f"--{name}" in args.given or (name == TARGETS and getattr(args, TARGETS))
    }
    scanned = [*args.targets, *([str(args.evidence)] if getattr(args, "evidence", None) else [])]
    distrust(Path(target) for target in scanned if not is_remote(target))
    variables = dict(_from_variables(parser, options))
    upper = {**variables, **given}
    named = str(upper["config"].value) if "config" in upper else ""
    path, is_found = _file(named)
    if path is None:
        if "environment" in upper:
            raise MlsecError(
                "an environment is chosen, and there is no mlsec.yaml that describes it",
                location=upper["environment"].source,
                hint="name the file with --config, or write one with mlsec init",
            )
        return Configuration(settings=_ranked(options, [upper]))
    file = read_config(path, *configurable())
    environment, section = _section(path, file, upper)
    levels = [given, variables, section, file.general]
    levels = [{name: level[name] for name in level if name in options} for level in levels]
    merged = Configuration(
        settings=_ranked(options, levels), file=str(path), environment=environment
    )
    if is_found:
        _check_own(path, merged.settings[TARGETS])
    return merged


def _file(named: str) -> tuple[Path | None, bool]:
    """Give the file to read, and whether it was found and not named."""
    if named:
        return (None if named == NONE else Path(named)), False
    nearest = find_config()
    for note in nearest.notes:
        console.note(note)
    return nearest.path, nearest.path is not None


def _check_own(path: Path, targets: Setting) -> None:
    """Refuse a file that was found by itself in what it says is to be scanned."""
    distrust(Path(target) for target in targets.value if not is_remote(target))
    if is_foreign(path):
        raise MlsecError(
            f"{FOREIGN} unless it is named",
            location=targets.source,
            hint=f"if it is yours: --config {path}",
        )


def _section(
    path: Path, file: ConfigFile, upper: Mapping[str, Setting]
) -> tuple[str, Mapping[str, Setting]]:
    """Give the chosen environment and its settings."""
    chosen = upper.get("environment") or file.general.get("environment")
    if chosen is None:
        has_target = {TARGETS, "evidence"} & ({*upper} | {*file.general})
        if file.environments and not has_target:
            names = ", ".join(file.environments)
            raise MlsecError(
                "no environment is chosen, and only environments name targets",
                location=str(path),
                hint=f"--environment NAME, one of {names}",
            )
        return "", {}
    if chosen.value not in file.environments:
        near = did_you_mean(chosen.value, file.environments)
        names = ", ".join(file.environments) or "it has none"
        raise MlsecError(
            f'unknown environment "{chosen.value}"{near}',
            location=str(path),
            hint=f"one of {names}",
        )
    return chosen.value, file.environments[chosen.value]


def _from_variables(
    parser: argparse.ArgumentParser, options: Mapping[str, argparse.Action]
) -> Iterator[tuple[str, Setting]]:
    reader = Reader(parser, "")
    known = {variable_of(name): name for name in options}
    for variable, text in sorted(os.environ.items()):
        if not variable.startswith(_PREFIX) or not text or variable in _OTHER_VARIABLES:
            continue
        if variable not in known:
            every = {*map(variable_of, configurable()[1])} | {*known}
            from difflib import get_close_matches

            # They all begin alike: only one that differs by little is a mistake.
            near = [] if variable in every else get_close_matches(variable, every, 1, 0.9)
            if near:
                console.note(
                    f'the variable {variable} is not known and not used; did you mean "{near[0]}"?'
                )
            continue
        action = options[known[variable]]
        try:
            value = reader.from_variable(action, text)
        except MlsecError as error:
            error.location = variable
            raise
        yield known[variable], Setting(value=value, source=variable)


def variable_of(name: str) -> str:
    """Name the environment variable of an option."""
    return _PREFIX + name.upper().replace("-", "_")


def _ranked(
    options: Mapping[str, argparse.Action], levels: Sequence[Mapping[str, Setting]]
) -> dict[str, Setting]:
    """Give each option the first value that the levels have for it, and else its default."""
    result = {}
    for name, action in options.items():
        setting = Setting(value=default_of(action), source=DEFAULT)
        result[name] = next((level[name] for level in levels if name in level), setting)
    # What is scanned comes from one place: evidence, or targets.
    if "evidence" in options:
        first = next((level for level in levels if level.keys() & {TARGETS, "evidence"}), {})
        for name in {TARGETS, "evidence"} - first.keys():
            result[name] = Setting(value=default_of(options[name]), source=DEFAULT)
    return result

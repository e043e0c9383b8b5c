"""Puts the configuration into the arguments of a command, leaving out what does not apply."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

import msgspec

from mlsec.cli import console, exits
from mlsec.cli.applicability import needs_of, problem_with, rivals_of
from mlsec.cli.config.merge import COMMAND_LINE, DEFAULT, configuration_of
from mlsec.cli.config.options import own_options
from mlsec.cli.config.read import Setting
from mlsec.cli.config.values import TARGETS, default_of
from mlsec.cli.output_options import use_output
from mlsec.cli.target import is_remote, kind_of
from mlsec.core.errors import MlsecError
from mlsec.core.imports import import_from_own_folders


def configured(args: argparse.Namespace) -> argparse.Namespace:
    """Give the arguments with what variables and mlsec.yaml set.

    An option of the command line that does not apply is refused later; one that was configured for
    other runs as well is left out of this one.

    Raises:
        MlsecError: a file or variable is malformed.
    """
    command = args.parser.prog
    merged = configuration_of(args)
    options = own_options(args.parser)
    settings = _applicable(command, options, merged.settings)
    values = {options[name].dest: setting.value for name, setting in settings.items()}
    use_output(argparse.Namespace(**{**vars(args), **values}))
    _keep_python_away(values[TARGETS])
    if merged.file:
        chosen = f", environment {merged.environment}" if merged.environment else ""
        console.note(f"settings of {merged.file}{chosen}")
    configuration = msgspec.structs.replace(merged, settings=settings)
    return argparse.Namespace(**{**vars(args), **values, "configuration": configuration})


def configured_options(args: argparse.Namespace) -> frozenset[str]:
    """Name the options that a variable or mlsec.yaml set, and that are used in this run."""
    if "configuration" not in args:
        return frozenset()
    sources = {name: at.source for name, at in args.configuration.settings.items()}
    return frozenset(
        f"--{name}"
        for name, source in sources.items()
        if source not in (COMMAND_LINE, DEFAULT) and not source.startswith(f"{DEFAULT};")
    )


def print_config(args: argparse.Namespace) -> int:
    """Print every option with its value and source."""
    from mlsec.cli.config.show import config_text

    console.out(config_text(args.configuration))
    return exits.CLEAN


def _applicable(
    command: str, options: Mapping[str, argparse.Action], settings: Mapping[str, Setting]
) -> dict[str, Setting]:
    """Take out what was configured and cannot be used in this run."""
    result = dict(settings)
    given = {f"--{name}" for name, at in settings.items() if at.source == COMMAND_LINE}
    used = {f"--{name}" for name, at in settings.items() if at.source != DEFAULT}
    subjects = {"target": _kinds(settings), "format": _formats(settings)}
    for option in sorted(used - given):
        name = option.removeprefix("--")
        rivals = rivals_of(command, option) & used
        if rivals and not rivals & given:
            raise MlsecError(
                f"{name} cannot be used together with {sorted(rivals)[0].removeprefix('--')}",
                location=settings[name].source,
                hint="take one of them out",
            )
        if rivals:
            rival = sorted(rivals)[0]
            console.note(f"{name} of {settings[name].source} is not used: {rival} is given")
            used.discard(option)
            result[name] = _left_out(options[name], settings[name], f"{rival} is given")
    for _ in range(2):  # what another option needs may go in the first round
        for option in sorted(used - given):
            problem = problem_with(command, option, used, subjects)
            if problem:
                _check_needed(command, option, settings, subjects)
                used.discard(option)
                name = option.removeprefix("--")
                why = problem.removeprefix(f"{option} ")
                result[name] = _left_out(options[name], settings[name], why)
    return result


def _check_needed(
    command: str,
    option: str,
    settings: Mapping[str, Setting],
    subjects: Mapping[str, Mapping[str, str]],
) -> None:
    """Refuse an option without what it needs: nobody would be notified, and nothing would say so.

    Raises:
        MlsecError: what it needs is set nowhere, and else it would apply.
    """
    set_anywhere = {f"--{name}" for name, at in settings.items() if at.source != DEFAULT}
    needed = needs_of(command, option)
    is_set = not needed or bool(set_anywhere & {*needed})
    if not is_set and not problem_with(command, option, {option, *needed}, subjects):
        names = " or ".join(name.removeprefix("--") for name in needed)
        raise MlsecError(
            f"{option.removeprefix('--')} needs {names} as well",
            location=settings[option.removeprefix("--")].source,
            hint="set it too, or take this out",
        )


def _left_out(action: argparse.Action, setting: Setting, why: str) -> Setting:
    return Setting(
        value=default_of(action), source=f"{DEFAULT}; {setting.source} is not used: {why}"
    )


def _kinds(settings: Mapping[str, Setting]) -> Mapping[str, str]:
    """Give the kind of each target."""
    kinds = {target: kind_of(target) for target in settings[TARGETS].value}
    if "evidence" in settings and settings["evidence"].value is not None:
        kinds[str(settings["evidence"].value)] = "snapshot"
    return kinds


def _formats(settings: Mapping[str, Setting]) -> Mapping[str, str]:
    """Give the formats that are written."""
    if "format" not in settings:
        return {}
    from mlsec.cli.report import formats_of

    try:
        names = formats_of(
            settings["format"].value,
            is_folder=settings["output"].value is not None,
            framework=settings["framework"].value,
        )
    except MlsecError as error:
        source = settings["format"].source
        error.location = error.location or ("" if source == COMMAND_LINE else source)
        raise
    beside = ["text"] if settings["output"].value is not None else []
    return {name: name for name in (*names, *beside)}


def _keep_python_away(targets: Sequence[str]) -> None:
    """Take the folders that a file names out of Python's search path, as those of the command line.

    Raises:
        MlsecError: something was imported from one of them before the file was read.
    """
    loaded = import_from_own_folders([target for target in targets if not is_remote(target)])
    if loaded:
        raise MlsecError(
            f"Python imported {', '.join(loaded)} from a folder that is scanned, so code of others"
            " is running already",
            hint="take such folders out of PYTHONPATH, or run: python -I -m mlsec",
        )

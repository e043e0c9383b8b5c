"""``mlsec completion``: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mlsec.cli import console, exits
from mlsec.core.errors import MlsecError

SHELLS = ("bash", "zsh", "fish")


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print the script with which a shell completes what is typed",
        description="Print the script with which bash, zsh or fish completes commands, options and"
        ' their values. For bash: eval "$(mlsec completion bash)" in ~/.bashrc. For zsh: mlsec'
        " completion zsh > FOLDER/_mlsec, a folder of fpath. For fish: mlsec completion fish >"
        " ~/.config/fish/completions/mlsec.fish. It needs the package shtab.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script for a shell."""
    from mlsec.cli.parser import build_parser
    from mlsec.core.installation import command_to_add

    try:
        import shtab
    except ImportError:
        raise MlsecError(
            "the package shtab is not installed", hint=command_to_add("completion")
        ) from None
    parser = nested(build_parser())
    _complete_files(parser, shtab.FILE)
    console.out(shtab.complete(parser, shell=args.shell))
    return exits.CLEAN


def nested(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Put a command of two words, such as ``report verify``, below the first of them."""
    from mlsec.cli.parser import commands_of

    below = commands_of(parser)
    if below is None:
        return parser
    for name in [name for name in below.choices if " " in name]:
        first, _, second = name.partition(" ")
        parent = below.choices[first]
        inner = commands_of(parent) or _subcommands(parent)
        inner.choices[second] = below.choices.pop(name)
        listed = next(item for item in below._choices_actions if item.dest == name)
        below._choices_actions.remove(listed)
        listed.dest = listed.metavar = second
        inner._choices_actions.append(listed)
    return parser


def _subcommands(parent: argparse.ArgumentParser) -> argparse._SubParsersAction[Any]:
    """Add commands below a command that has arguments of its own, before those."""
    inner = parent.add_subparsers(prog=parent.prog, metavar="COMMAND")
    for actions in (parent._actions, parent._positionals._group_actions):
        if inner in actions:
            actions.remove(inner)
            first = next((n for n, item in enumerate(actions) if not item.option_strings), 0)
            actions.insert(first, inner)
    return inner


def _complete_files(parser: argparse.ArgumentParser, mark: Any) -> None:
    """Mark what takes a path."""
    from mlsec.cli.parser import walk

    for command in walk(parser):
        for action in command._actions:
            if action.type is Path or action.dest in ("targets", "config"):
                action.complete = mark  # type: ignore[attr-defined]

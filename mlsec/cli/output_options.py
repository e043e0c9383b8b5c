"""The options of every command about what it says: less, more, in colour or not."""

from __future__ import annotations

import argparse

from mlsec.cli import console

OUTPUT_OPTIONS = ("--quiet", "--verbose", "--color")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command."""
    group = parser.add_argument_group("messages")
    amount = group.add_mutually_exclusive_group()
    amount.add_argument(
        "-q", "--quiet", action="store_true",
        help="say nothing beside the report: no notes, no progress, only errors",
    )  # fmt: skip
    amount.add_argument(
        "-v", "--verbose", action="store_true",
        help="say more: how long each step took, and in a text report every gap",
    )  # fmt: skip
    group.add_argument(
        "--color", choices=console.COLOURS, default="auto", metavar="WHEN",
        help="colour on a terminal only (auto), always or never (default auto; the variables"
        " NO_COLOR and FORCE_COLOR change what auto means)",
    )  # fmt: skip


def use_output(args: argparse.Namespace) -> None:
    """Make the console say as much as the arguments ask for."""
    console.speak(
        colour=args.color, is_quiet=args.quiet, is_verbose=args.verbose and not args.quiet
    )

"""The options about configuration, and which options of a command may be configured."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import cache

from mlsec.cli.config.values import name_of

NONE = "none"
# What is asked of one run only; the environment may be chosen in the file.
_NOT_IN_THE_FILE = frozenset({"config", "help", "print-config"})
# The same word for another thing: collect writes a snapshot, scan a folder.
_NOT_FOR_COLLECT = frozenset({"output"})


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose and show the configuration."""
    group = parser.add_argument_group(
        "configuration",
        "Options that are not given are taken from the variables MLSEC_FAIL_ON and so on, then from"
        " mlsec.yaml.",
    )
    group.add_argument(
        "--config", metavar="FILE",
        help="file with settings (default: mlsec.yaml in the working folder or above it in the"
        " repository, unless that is scanned; none: no file)",
    )  # fmt: skip
    group.add_argument(
        "--environment", metavar="NAME",
        help="environment of mlsec.yaml whose targets and settings are used (default: its settings"
        " outside of environments only)",
    )  # fmt: skip
    group.add_argument(
        "--print-config", action="store_true",
        help="print every option with its value and where it came from, and do nothing else",
    )  # fmt: skip
    parser.set_defaults(parser=parser)


def own_options(parser: argparse.ArgumentParser) -> Mapping[str, argparse.Action]:
    """Give the options of a command that a variable or the file may set, by their key."""
    left_out = {"help", "print-config"}
    if parser.prog == "mlsec collect":
        left_out |= {*_NOT_FOR_COLLECT, "sign-key"}
    options = {name_of(action): action for action in parser._actions}
    return {name: action for name, action in options.items() if name not in left_out}


@cache
def configurable() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.Action]]:
    """Give the parser of ``mlsec scan``, and its options that mlsec.yaml may set, by their key."""
    from mlsec.cli.parser import build_parser, commands_of

    below = commands_of(build_parser("scan"))
    assert below is not None  # noqa: S101 - it was built with one
    parser = below.choices["scan"]
    options = {name_of(action): action for action in parser._actions}
    return parser, {name: options[name] for name in options if name not in _NOT_IN_THE_FILE}

"""Write aws.json: what awscli takes of the commands of fixes. Runs where awscli is installed.

Usage: python tests/commands/aws_table.py COMMANDS > tests/commands/aws.json, where COMMANDS has one
``service operation`` a line (``make commands`` does it all).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import awscli
from awscli.clidriver import create_clidriver


def table(names: list[str]) -> dict[str, Any]:
    """Describe each command by its options, as the command line's own parser knows them."""
    driver = create_clidriver()
    services = driver._get_command_table()
    commands: dict[str, Any] = {}
    for name in names:
        service, operation, *rest = name.split()
        known = services[service]._get_command_table()
        if operation not in known:
            continue
        command = known[operation]
        if rest:
            command = command.subcommand_table[rest[0]]
        commands[name] = _described(command.arg_table)
    options = [f"--{option}" for option in driver._get_argument_table()]
    return {"awscli": awscli.__version__, "global": options, "commands": commands}


def _described(arguments: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {"required": [], "flags": [], "choices": {}, "options": []}
    for name, argument in sorted(arguments.items()):
        option = f"--{name}"
        known["options"].append(option)
        if argument.required:
            known["required"].append(option)
        if argument.cli_type_name == "boolean" or getattr(argument, "_action", "") in (
            "store_true",
            "store_false",
        ):
            known["flags"].append(option)
        model = getattr(argument, "argument_model", None)
        if getattr(model, "enum", None):
            known["choices"][option] = list(model.enum)
    return {key: value for key, value in known.items() if value}


def lines_of(described: dict[str, Any]) -> str:
    """Put one command on a line, so that a change of the command line is read as a diff."""
    commands = described.pop("commands")
    head = json.dumps(described, indent=0)[:-2]
    rows = (f"{json.dumps(name)}: {json.dumps(known)}" for name, known in sorted(commands.items()))
    return head + ',\n"commands": {\n' + ",\n".join(rows) + "\n}}\n"


if __name__ == "__main__":
    wanted = Path(sys.argv[1]).read_text("utf-8").splitlines()
    sys.stdout.write(lines_of(table(wanted)))

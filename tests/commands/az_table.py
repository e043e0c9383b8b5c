"""Write azure.json: what azure-cli takes of the commands of fixes. Runs where it is installed.

Usage: python tests/commands/az_table.py COMMANDS > tests/commands/azure.json, where COMMANDS has
one command a line (``make commands`` does it all). Commands of extensions are not in it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import azure.cli.core
from azure.cli.core import get_default_cli
from knack.events import EVENT_INVOKER_CMD_TBL_LOADED


def table(names: list[str]) -> dict[str, Any]:
    """Describe each command by its options, as the parser has them when the command is run."""
    commands: dict[str, Any] = {}
    for name in names:
        parser = _parser_of(name)
        if parser is None:
            sys.stderr.write(f"az has no command {name}\n")
        else:
            commands[name] = _described(parser)
    common = set.intersection(*(set(known["options"]) for known in commands.values()))
    for known in commands.values():
        known["options"] = [option for option in known["options"] if option not in common]
        known["choices"] = {o: c for o, c in known["choices"].items() if o not in common}
    version = azure.cli.core.__version__
    return {"azure-cli": version, "global": sorted(common), "commands": commands}


def _parser_of(name: str) -> Any:
    """Begin to run a command and take the parser that is made for it; None without one."""
    cli = get_default_cli()
    group, _, last = name.rpartition(" ")
    parsers: list[Any] = []

    def take(_: Any, parser: Any, **_more: Any) -> None:
        groups = parser.subparsers.get(tuple(group.split()))
        parsers.append(groups.choices.get(last) if groups is not None else None)
        raise SystemExit

    cli.register_event(EVENT_INVOKER_CMD_TBL_LOADED, take)
    with contextlib.suppress(SystemExit):
        cli.invoke(name.split())
    return parsers[0] if parsers else None


def _described(parser: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"options": [], "required": [], "flags": [], "choices": {}}
    for action in parser._actions:
        names = [str(option) for option in action.option_strings if option != "--cmd"]
        if not names:
            continue
        known["options"] += names
        if action.required:
            known["required"].append("|".join(names))
        if action.nargs == 0:
            known["flags"] += names
        if action.choices:
            known["choices"].update({option: sorted(map(str, action.choices)) for option in names})
    return known


def lines_of(described: dict[str, Any]) -> str:
    """Put one command on a line, so that a change of the command line is read as a diff."""
    commands = described.pop("commands")
    head = json.dumps(described, indent=0)[:-2]
    rows = (f"{json.dumps(name)}: {json.dumps(known)}" for name, known in sorted(commands.items()))
    return head + ',\n"commands": {\n' + ",\n".join(rows) + "\n}}\n"


if __name__ == "__main__":
    wanted = Path(sys.argv[1]).read_text("utf-8").splitlines()
    sys.stdout.write(lines_of(table([name for name in wanted if name])))

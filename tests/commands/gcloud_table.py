"""Write gcp.json: what gcloud takes of the commands of fixes. Runs with an SDK's ``lib`` folder.

Usage: CLOUDSDK_ROOT=SDK python tests/commands/gcloud_table.py COMMANDS > tests/commands/gcp.json,
where SDK is an unpacked Google Cloud CLI and COMMANDS has one command a line. The names and values
that follow a command are left out: the longest name that gcloud has is the command.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(os.environ["CLOUDSDK_ROOT"])
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "lib" / "third_party")]

from googlecloudsdk import gcloud_main  # noqa: E402 - the folder has to be named first
from googlecloudsdk.core import config  # noqa: E402 - as above


def table(names: list[str]) -> dict[str, Any]:
    """Describe each command by its flags, as gcloud's own parser knows them."""
    top = gcloud_main.CreateCLI([])._TopElement()
    common = [flag for argument in top.GetAllAvailableFlags() for flag in argument.option_strings]
    commands: dict[str, Any] = {}
    for name in names:
        words = name.split()
        for end in range(len(words), 1, -1):
            if " ".join(words[:end]) in commands:
                break
            try:
                element = top.LoadSubElementByPath(words[:end])
            except Exception as error:  # noqa: BLE001 - a part of the SDK may not be there
                sys.stderr.write(f"{name}: {error}\n")
                break
            if element is not None and not element.is_group:
                commands[" ".join(words[:end])] = _described(element, set(common))
                break
    return {"gcloud": config.CLOUD_SDK_VERSION, "global": sorted(common), "commands": commands}


def _described(element: Any, common: set[str]) -> dict[str, Any]:
    known: dict[str, Any] = {"options": [], "required": [], "flags": [], "choices": {}}
    known["required"] = [name for name in _required(element.ai) if name not in common]
    for flag in element.GetAllAvailableFlags():
        names = [name for name in flag.option_strings if name not in common]
        if not names:
            continue
        known["options"] += names
        if flag.nargs == 0:
            known["flags"] += names
        if flag.choices:
            known["choices"][names[0]] = sorted(map(str, flag.choices))
    return {key: value for key, value in known.items() if value}


def _required(group: Any) -> list[str]:
    """Give the flags that have to be there: those of a group that may be left out may be too."""
    result = []
    for argument in group.arguments:
        if not argument.is_required:
            continue
        if argument.is_group:
            result += [] if argument.is_mutex else _required(argument)
        elif argument.option_strings:
            result.append(argument.option_strings[0])
    return result


def lines_of(described: dict[str, Any]) -> str:
    """Put one command on a line, so that a change of the command line is read as a diff."""
    commands = described.pop("commands")
    head = json.dumps(described, indent=0)[:-2]
    rows = (f"{json.dumps(name)}: {json.dumps(known)}" for name, known in sorted(commands.items()))
    return head + ',\n"commands": {\n' + ",\n".join(rows) + "\n}}\n"


if __name__ == "__main__":
    wanted = Path(sys.argv[1]).read_text("utf-8").splitlines()
    sys.stdout.write(lines_of(table([name for name in wanted if name])))

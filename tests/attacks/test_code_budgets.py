"""Somebody who may change a repository adds a few hundred bytes that are worked out to gigabytes:
a Dockerfile whose variables double, loops of CloudFormation, copies of ARM, aliases of YAML. The
scan takes the machine's memory, ends, and reports nothing; or it leaves out what stands beside.

All are scanned by one process, whose memory and time are measured: it ends by itself, with a limit
told at the place of each, and the open notebook beside each is found.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attacks.measured import scan

RULE = "sagemaker/notebook-direct-internet"
OPEN = {
    "Type": "AWS::SageMaker::NotebookInstance",
    "Properties": {
        "InstanceType": "ml.t3.medium",
        "RoleArn": "arn:aws:iam::123456789012:role/x",
        "DirectInternetAccess": "Enabled",
    },
}
TERRAFORM = """resource "aws_sagemaker_notebook_instance" "beside" {
  name                   = "beside"
  role_arn               = "arn:aws:iam::123456789012:role/x"
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
}
"""
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
Files = dict[str, str]
Resources = Callable[[int], dict[str, Any]]


def doubled(first: str, form: str, count: int) -> str:
    """Lines of which each holds the one before twice."""
    return first + "".join(form.format(n + 1, n) for n in range(count))


def dockerfile(first: str, form: str, last: str) -> Callable[[int], Files]:
    return lambda n: {"Dockerfile": doubled(first, form, n) + last.format(n)}


def cloudformation(
    resources: Callable[[int], dict[str, Any]], **top: Any
) -> Callable[[int], Files]:
    """A template with an open notebook before and after."""

    def files(n: int) -> Files:
        whole = {"Before": OPEN, **resources(n), "After": OPEN}
        document = {"AWSTemplateFormatVersion": "2010-09-09", **top, "Resources": whole}
        return {"template.json": json.dumps(document, indent=1)}

    return files


def loops(n: int) -> dict[str, Any]:
    body: dict[str, Any] = {"B${V0}${V1}${V2}${V3}": {"Type": "AWS::S3::Bucket"}}
    for at in range(4):
        body = {f"Fn::ForEach::L{at}": [f"V{at}", [f"a{m}" for m in range(n)], body]}
    return body


def filled(n: int) -> dict[str, Any]:
    value: Any = "x"
    for _ in range(n):
        value = {"Fn::Sub": ["${a}${a}", {"a": value}]}
    return {"X": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": value}}}


def looked_up(n: int) -> dict[str, Any]:
    tags = [{"Fn::FindInMap": ["M", "a", "b"]}] * n
    return {"X": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": tags}}}


def arm(first: Any, form: str) -> Callable[[int], Files]:
    """Variables of which each holds the one before twice, as the name of a store."""

    def files(n: int) -> Files:
        made = {f"a{m + 1}": form.replace("@", f"variables('a{m}')") for m in range(n)}
        store = {"type": "Microsoft.Storage/storageAccounts", "name": f"[variables('a{n}')]"}
        document = {"$schema": SCHEMA, "variables": {"a0": first, **made}, "resources": [store]}
        return {"store.json": json.dumps(document, indent=1)}

    return files


def copies(n: int) -> Files:
    inner = {"copy": [{"name": "y", "count": n, "input": "z"}]}
    properties = {"copy": [{"name": "x", "count": n, "input": inner}]}
    store = {"type": "Microsoft.Storage/storageAccounts", "name": "s", "properties": properties}
    return {"store.json": json.dumps({"$schema": SCHEMA, "resources": [store]}, indent=1)}


def aliases(n: int) -> str:
    return doubled("x-a0: &a0 [x]\n", "x-a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}]\n", n)


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n"
SERVICE = "services:\n  a:\n    image: x\n    command: $A%d\n"
# name: files by size, a size that is read as a whole, one that is too much, where that is told.
BOMBS: dict[str, tuple[Callable[[int], Files], int, int, str]] = {
    "ARG": (dockerfile("FROM x\nARG A0=xxxxxxxxxx\n", "ARG A{0}=$A{1}$A{1}\n", "USER $A{0}\n"),
            3, 50, "Dockerfile:16"),
    "ENV": (dockerfile("FROM x\nENV A0=xxxxxxxxxx\n", "ENV A{0}=${{A{1}}}${{A{1}}}\n", "CMD x\n"),
            3, 50, "Dockerfile:16"),
    "ARG before FROM": (dockerfile("ARG A0=xxxxxxxxxx\n", "ARG A{0}=$A{1}$A{1}\n", "FROM $A{0}\n"),
                        3, 50, "Dockerfile:15"),
    "a default": (dockerfile("FROM x\nARG A0=xxxxxxxxxx\n", "ARG A{0}=${{B:-$A{1}$A{1}}}\n",
                             "RUN pip install $A{0}\n"), 3, 50, "Dockerfile:16"),
    "words": (dockerfile('FROM x\nENV A0="x x"\n', 'ENV A{0}="$A{1} $A{1}"\n',
                         "RUN pip install $A{0}\n"), 3, 40, "Dockerfile:"),
    "commands": (lambda n: {"run.sh": "echo x\n" * n}, 3, 6000, "run.sh:5000"),
    ".env": (lambda n: {".env": doubled("A0=xxxxxxxxxx\n", "A{0}=$A{1}$A{1}\n", n),
                        "docker-compose.yml": SERVICE % n}, 3, 50, ".env:15"),
    "a script": (lambda n: {"start.sh": "#!/bin/sh\nA=xxxxxxxxxx\n" + "A=$A$A\n" * n
                            + "vllm serve $A\n"}, 3, 50, "start.sh:15"),
    "an array": (lambda n: {"start.sh": "#!/bin/bash\nA=(x)\n" + 'A=("${A[@]}" "${A[@]}")\n' * n
                            + 'vllm serve "${A[@]}"\n'}, 3, 50, "start.sh:"),
    "loops of CloudFormation": (cloudformation(loops, Transform="AWS::LanguageExtensions"),
                                2, 40, "template.json:"),
    "Fn::Sub": (cloudformation(filled), 4, 20, "template.json:"),
    "Fn::FindInMap": (cloudformation(looked_up, Mappings={"M": {"a": {"b": ["x"] * 2000}}}),
                      2, 20_000, "template.json:"),
    "concat": (arm("xxxxxxxxxx", "[concat(@, @)]"), 3, 50, "store.json:"),
    "format": (arm("xxxxxxxxxx", "[format('{0}{0}', @)]"), 3, 50, "store.json:"),
    "replace": (arm("xxxxxxxxxx", "[replace(@, 'x', @)]"), 1, 50, "store.json:"),
    "createArray": (arm(["x"], "[createArray(@, @)]"), 3, 50, "store.json:"),
    "mul": (arm(999_999_999, "[mul(@, @)]"), 1, 50, "store.json:"),
    "copies of copies": (copies, 5, 10_000, "store.json:"),
    "aliases of compose": (lambda n: {"docker-compose.yml": aliases(n) + SERVICE % 0},
                           3, 40, "docker-compose.yml"),
    "aliases of a manifest": (lambda n: {"pod.yaml": aliases(n) + POD}, 3, 40, "pod.yaml"),
    "a deep manifest": (lambda n: {"pod.yaml": POD + "x: " + "[" * n + "]" * n + "\n"},
                        3, 100_000, "pod.yaml"),
}  # fmt: skip


def beside(files: Files) -> set[tuple[str, str]]:
    """Name the open notebooks: of the template itself, or of a file beside it."""
    if "template.json" in files:
        return {(RULE, "Before"), (RULE, "After")}
    return {(RULE, "aws_sagemaker_notebook_instance.beside")}


def targets(size: int) -> dict[str, Files]:
    """Every bomb, in its ordinary size (1) or that which is too much (2), beside a notebook."""
    return {name: {**bomb[0](bomb[size]), "z.tf": TERRAFORM} for name, bomb in BOMBS.items()}  # type: ignore[operator]


def test_what_grows_without_end_is_a_limit_at_its_place(tmp_path: Path) -> None:
    bombs = targets(2)
    ended = scan(tmp_path / "target", bombs, "--fail-on", "none")
    ended.check()
    assert ended.code == 11, ended.errors
    hidden = {name: beside(files) - ended.seen[name].failed for name, files in bombs.items()}
    assert not any(hidden.values()), hidden
    untold = {
        name: ended.seen[name].limits
        for name, (*_, place) in BOMBS.items()
        if not any(subject.startswith(place) for subject in ended.seen[name].limits)
    }
    assert untold == {}


def test_the_same_is_read_where_it_is_small(tmp_path: Path) -> None:
    bombs = targets(1)
    ended = scan(tmp_path / "target", bombs, "--fail-on", "medium")
    ended.check()
    assert ended.code == 10, ended.errors
    hidden = {name: beside(files) - ended.seen[name].failed for name, files in bombs.items()}
    assert not any(hidden.values()), hidden
    assert {name: seen.limits for name, seen in ended.seen.items() if seen.limits} == {}

"""A repository that means harm, made in a folder: everything at once that a scan must survive."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tests.repository.changes.repositories import arm, commit, git, repository

HUGE_BYTES = 100 << 20
DEEP = 10_000
MARK = "<img src=x onerror=alert(1)>"
TEMPLATE = "{{ cycler.__init__.__globals__.os.popen('id').read() }}{% raw %}${7*7}"
SECRET = "held-outside-of-the-tree"
# Settings that would make a scan milder, if a scan took its settings from what it looks at.
_RELAXING: Mapping[str, str] = {
    "mlsec.yaml": "fail_on: none\nmin_coverage: 0\nselect: ['!*/*']\nwaivers: waivers.yaml\n",
    ".mlsec.yaml": "fail_on: none\nrules: [./rules]\n",
    "waivers.yaml": "waivers: [{id: all, rule: '*/*', owner: a@b, until: 2099-01-01}]\n",
    "rules/k8s-pod/container-privileged.yaml": "id: k8s-pod/container-privileged\nassert: {}\n",
    "pyproject.toml": "[tool.mlsec]\nfail_on = 'none'\n",
    "trust.yaml": "anyone: true\n",
}
_HUGE: Mapping[str, bytes] = {
    "huge.tf": b'resource "aws_s3_bucket" "x" {}\n',
    "huge.yaml": b"apiVersion: v1\nkind: Pod\n",
    "huge.template.json": b'{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"A": "',
    "huge.safetensors": (1 << 62).to_bytes(8, "little") + b'{"a":',
    "huge.pkl": b"\x80\x04]",
}
# What cannot be read as what it claims to be, or lies outside; the scan has to say so of each.
UNREADABLE = (
    "bomb.yaml", "circle.yaml", "circle.tf", "deep.json", "deep.template.json", "deep.yaml",
    "deeper.tf", "chart/Chart.yaml", "out.tf", "etc", "nowhere.yaml", "pipe.yaml", *_HUGE,
)  # fmt: skip
_POD = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: "{name}", namespace: serving}}
spec:
  template: &pod
    spec:
      containers:
      - {{name: a, image: "vllm/vllm-openai:v0.9.1", securityContext: {{privileged: true}}}}
---
apiVersion: v1
kind: PodTemplate
metadata: {{name: again}}
template: {{spec: {{containers: []}}}}
"""


def make(folder: Path, elsewhere: Path, canaries: Path) -> Path:
    """Make it, with a secret in ``elsewhere`` and programs that would leave a file in ``canaries``.

    ``base`` is its first commit.
    """
    elsewhere.mkdir()
    (elsewhere / "secret.tf").write_text(f'# {SECRET}\noutput "x" {{ value = "{SECRET}" }}\n')
    repository(
        folder, {**_RELAXING, "main.tf": "# first\n", ".gitattributes": "* diff=x filter=x\n"}
    )
    git(folder, "branch", "base")
    commit(folder, {**_manifests(), **_terraform(elsewhere, canaries), **_python(canaries)})
    _unlikely_files(folder, elsewhere)
    arm(folder, canaries)
    return folder


def _manifests() -> dict[str, str]:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    deep = "[" * DEEP + "]" * DEEP
    return {
        "bomb.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: bomb}}\n{laughs}",
        "circle.yaml": "apiVersion: v1\nkind: Pod\nspec: &s {containers: *s}\n",
        "pod.yaml": _POD.format(name="server"),
        "named.yaml": _POD.format(name=f"{MARK}{TEMPLATE}\\e[31m"),
        "deep.json": deep,
        "deep.template.json": f'{{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {deep}}}',
        "deep.yaml": "apiVersion: v1\nkind: Pod\nspec: " + deep + "\n",
        "deep.tf": f"locals {{\n  a = {deep}\n}}\n",
        "deeper.tf": "a {\n" * DEEP + "}\n" * DEEP,
        "chart/Chart.yaml": f"apiVersion: v2\nname: '{TEMPLATE}'\nversion: 0.1.0\n",
        "chart/values.yaml": f"image: '{MARK}'\nreplicas: '{{{{ .Values.replicas }}}}'\n",
        "chart/templates/pod.yaml": 'apiVersion: v1\nkind: Pod\n{{- include "x" . | nindent 2 }}\n',
        "Dockerfile": f"FROM vllm/vllm-openai:v0.9.1\nLABEL a='{MARK}'\nRUN echo '{TEMPLATE}'\n",
        f"Dockerfile.{MARK}": 'FROM ollama/ollama:0.1.0\nCMD ["serve"]\n',
        "compose.yaml": f"services:\n  '{MARK}':\n    image: vllm/vllm-openai:v0.9.1\n",
    }


def _terraform(elsewhere: Path, canaries: Path) -> dict[str, str]:
    sources = {
        "git": "git::https://example.invalid/m.git", "http": "https://example.invalid/m.zip",
        "registry": "a/b/aws", "absolute": str(elsewhere), "above": "../../../../../../../etc",
        "beside": f"../{elsewhere.name}", "itself": "./", "round": "./modules/a",
    }  # fmt: skip
    modules = "".join(f'module "{name}" {{ source = "{at}" }}\n' for name, at in sources.items())
    return {
        "main.tf": f"""{modules}
locals {{
  passwd = file("/etc/passwd")
  told   = templatefile("{elsewhere}/secret.tf", {{}})
  many   = [for a in range(100000) : [for b in range(100000) : a]]
}}
data "external" "x" {{ program = ["sh", "-c", "touch {canaries}/external"] }}
resource "null_resource" "x" {{
  provisioner "local-exec" {{ command = "touch {canaries}/local-exec" }}
}}
resource "aws_s3_bucket" "x" {{ bucket = "${{local.passwd}}-${{local.told}}" }}
resource "aws_sagemaker_notebook_instance" "n" {{
  name                   = "{MARK}"
  direct_internet_access = "Enabled"
}}
""",
        "modules/a/main.tf": 'module "b" { source = "../b" }\n',
        "modules/b/main.tf": 'module "a" { source = "../a" }\n',
        ".terraform/modules/modules.json": json.dumps(
            {"Modules": [{"Key": "git", "Source": sources["git"], "Dir": str(elsewhere)}]}
        ),
        ".terraform/modules/git/main.tf": 'resource "aws_s3_bucket" "y" {}\n',
        f"{MARK}.tf": 'resource "aws_s3_bucket" "z" {}\n',
        "na\x1b[31mme\n\x07.tf": 'resource "aws_s3_bucket" "w" {}\n',
    }


def _python(canaries: Path) -> dict[str, str]:
    """What Python would import from here, if it looked here."""
    names = (
        "sitecustomize",
        "usercustomize",
        "yaml",
        "msgspec",
        "conftest",
        "setup",
        "jinja2/__init__",
    )
    text = "import pathlib\npathlib.Path({!r}).touch()\n"
    return {f"{name}.py": text.format(f"{canaries}/{name}") for name in names}


def _unlikely_files(folder: Path, elsewhere: Path) -> None:
    for name, head in _HUGE.items():
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(HUGE_BYTES)  # the rest takes no room on the disk
    (folder / "out.tf").symlink_to(elsewhere / "secret.tf")
    (folder / "etc").symlink_to("/etc")
    (folder / "loop").symlink_to(".")
    (folder / "circle.tf").symlink_to("circle.tf")
    (folder / "nowhere.yaml").symlink_to("/no/such/file")
    os.mkfifo(folder / "pipe.yaml")
    (folder / "closed.tf").write_text('resource "aws_s3_bucket" "v" {}\n')
    (folder / "closed.tf").chmod(0)  # who runs as root reads it all the same

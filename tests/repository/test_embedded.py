"""Manifests and Python that scripts and config maps hold are read on their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import Seen, seen

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: train}
spec:
  hostPID: true
  containers: [{name: c, image: "vllm/vllm-openai:$TAG", securityContext: {privileged: true}}]
"""


def types(found: Seen) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for each in found.inventory.resources:
        if not each.type.startswith("code.file"):
            lines.setdefault(each.type, []).append(each.origin.line)
    return lines


@pytest.mark.parametrize(
    "head", ["cat <<EOF | kubectl apply -f -", "kubectl apply -f - <<EOF", "cat <<'EOF' > p.yaml"]
)
def test_a_manifest_in_a_script_is_read_on_its_lines(head: str, tmp_path: Path) -> None:
    text = f"#!/bin/sh\nset -e\n{head}\n{POD}EOF\necho done\n"
    assert types(seen(tmp_path, {"run.sh": text}))["kubernetes.container"] == [9]


def test_two_manifests_of_a_script_are_two_documents(tmp_path: Path) -> None:
    one = f"kubectl apply -f - <<EOF\n{POD}EOF\n"
    found = types(seen(tmp_path, {"run.sh": one + one.replace("name: train", "name: serve")}))
    assert found["kubernetes.container"] == [7, 15]


@pytest.mark.parametrize(
    "text",
    [
        "# cat <<EOF | kubectl apply -f -\n" + POD.replace("\n", "\n# "),
        "cat <<EOF > notes.txt\nkind: regards\nEOF\n",
        "grep x <<< $kind\n",
    ],
)
def test_what_a_script_does_not_write_is_no_manifest(text: str, tmp_path: Path) -> None:
    assert types(seen(tmp_path, {"run.sh": text})) == {}


LOAD = (
    "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=True)\n"
)


def test_python_that_a_script_writes_is_read_on_its_lines(tmp_path: Path) -> None:
    text = f"cat > serve.py <<'PY'\n{LOAD}PY\npython serve.py\n"
    found = seen(tmp_path, {"run.sh": text})
    (script,) = (each for each in found.inventory.resources if each.type == "code.python")
    assert any(":3" in place for place in script.places.values())


def test_python_in_a_config_map_is_read_on_its_lines(tmp_path: Path) -> None:
    body = "".join(f"    {line}\n" for line in LOAD.splitlines())
    text = "apiVersion: v1\nkind: KIND\nmetadata: {name: s}\ndata:\n  serve.py: |\n" + body
    text += "  notes.txt: |\n    def\n"
    found = seen(tmp_path, {"s.yaml": text.replace("KIND", "ConfigMap")})
    (script,) = (each for each in found.inventory.resources if each.type == "code.python")
    assert any(":7" in place for place in script.places.values())
    other = seen(tmp_path / "b", {"s.yaml": text.replace("KIND", "Other")})
    assert "code.python" not in types(other)


NOTEBOOK = """\
{"cells": [{"cell_type": "code", "source": [
 "import torch\\\\n",
 "torch.load(p, weights_only=False)\\\\n"]}], "nbformat": 4}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cat <<EOT > train.ipynb\n", "EOT\n"),
        ("sudo -u user -i <<'EOF'\ncat <<EOT > train.ipynb\n", "EOT\nEOF\n"),
    ],
)
def test_a_notebook_that_a_script_writes_is_read_on_its_lines(
    before: str, after: str, tmp_path: Path
) -> None:
    text = f"#!/bin/sh\n{before}{NOTEBOOK}{after}"
    assert types(seen(tmp_path, {"run.sh": text}))["code.python"] == [4 + before.count("\n")]


def test_a_notebook_that_is_only_printed_is_none(tmp_path: Path) -> None:
    text = f"cat <<EOT\n{NOTEBOOK}EOT\n"
    assert "code.python" not in types(seen(tmp_path, {"run.sh": text}))


def test_what_stands_behind_a_long_manifest_is_read(tmp_path: Path) -> None:
    notes = "cat <<EOF > notes.txt\n" + "regards\n" * 6000 + "EOF\n"
    text = notes + "vllm serve org/model --host 0.0.0.0\n"
    found = types(seen(tmp_path, {"run.sh": text}))
    assert [6003] in found.values()


MACHINE = """\
resource "aws_instance" "tracking" {
  ami       = "ami-1"
  user_data = <<-EOF
              #!/bin/bash
              pip3 install mlflow
              nohup mlflow server \\\\
                --default-artifact-root s3://${var.bucket}/mlflow \\\\
                --host 0.0.0.0 &
              EOF
}
"""


@pytest.mark.parametrize(
    ("text", "lines"), [(MACHINE, [6]), (MACHINE.replace("#!/bin/bash", "x"), [])]
)
def test_script_that_a_machine_starts_with_is_read_where_it_stands(
    text: str, lines: list[int], tmp_path: Path
) -> None:
    found = seen(tmp_path, {"main.tf": text}).inventory.resources
    servers = [item for item in found if item.type == "serving.mlflow"]
    assert [item.origin.line for item in servers] == lines

"""Scripts, units and Procfiles: only what starts a server is taken, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.servers.config.config_kinds import is_server_config
from tests.servers.config.declared import seen

VLLM = """#!/bin/bash
set -e
HOST=0.0.0.0
if true; then
  exec vllm serve a/b --host $HOST \\
    --api-key k
fi
"""
JUPYTER = """cat > x <<EOF
vllm serve no
EOF
nohup jupyter lab --ip=0.0.0.0 --ServerApp.token='' &
"""
UNIT = """[Service]
User=mlflow
Environment=A=1
ExecStart=/opt/bin/mlflow server \\
  --host 0.0.0.0
"""
TRAITS = """import os
raise SystemExit
c = get_config()
c.ServerApp.ip = '*'
c.ServerApp.token = ''
c.ServerApp.allow_origin = '*'
c.ServerApp.port = int(os.environ['P'])
if os.environ:
    c.ServerApp.allow_root = True
"""


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("run.sh", VLLM, ("serving.vllm", 5, "network", True)),
        ("run.sh", JUPYTER, ("serving.jupyter", 4, "network", False)),
        (
            "run.sh",
            'conda run -n x python -m sglang.launch_server --model-path a/b --api-key "$K"\n',
            ("serving.sglang", 1, "host", None),
        ),
        ("mlflow.service", UNIT, ("serving.mlflow", 4, "network", False)),
        (
            "Procfile",
            "web: mlflow server --host 0.0.0.0 --app-name basic-auth\nworker: celery\n",
            ("serving.mlflow", 1, "network", True),
        ),
    ],
)
def test_a_server_is_seen_where_it_is_started(
    name: str, text: str, wanted: tuple[str, int, str, bool | None], tmp_path: Path
) -> None:
    server = seen(tmp_path, {name: text}).only
    found = server.properties
    assert wanted == (
        server.type,
        server.origin.line,
        found["exposure.reach"],
        found.get("access.authenticated"),
    )


def test_a_script_without_a_server_is_read_and_silent(tmp_path: Path) -> None:
    found = seen(tmp_path, {"a.sh": "echo vllm serve\npip install mlflow\ncurl x | jq .\n"})
    assert not found.servers
    assert not found.doubts()


def test_a_configuration_of_python_is_read_by_its_syntax_and_never_run(tmp_path: Path) -> None:
    found = seen(tmp_path, {"jupyter_server_config.py": TRAITS})
    facts = found.only.properties
    assert facts["exposure.reach"] == "network"
    assert facts["access.any_origin"] is True
    assert "expression of Python" in found.why(found.only, "port")
    assert "under a condition" in found.why(found.only, "runs_as_root_allowed")


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("config.properties", "management_address=http://0.0.0.0:8081\n", "serving.torchserve"),
        ("settings.json", '{"http_port": 8080, "host": "0.0.0.0"}', "serving.mlserver"),
        ("basic_auth.ini", "[mlflow]\nadmin_username = a\n", "serving.mlflow"),
        ("proxy.yaml", "model_list:\n  - litellm_params: {model: x}\n", "serving.litellm"),
        ("redis.conf", "bind 0.0.0.0\nprotected-mode no\n", "serving.redis"),
        ("milvus.yaml", "common:\n  security: {authorizationEnabled: true}\n", "serving.milvus"),
        ("app.py", "import gradio as gr\ngr.Blocks().launch(share=True)\n", "serving.gradio"),
        ("config.toml", "[server]\nenableXsrfProtection = false\n", "serving.streamlit"),
    ],
)
def test_a_configuration_file_alone_is_a_server(
    name: str, text: str, kind: str, tmp_path: Path
) -> None:
    assert seen(tmp_path, {name: text}).only.type == kind


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.json", '{"editor.fontSize": 12}'),
        ("config.properties", "spring.datasource.url=x\n"),
        ("app.py", "import gradio\n"),
        ("values.yaml", "model_list: [a]\n"),
        ("config.toml", "[tool]\nx = 1\n"),
    ],
)
def test_a_file_of_the_same_name_that_is_something_else_is_left_alone(
    name: str, text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, {name: text}).inventory.resources
    assert {thing.type for thing in found} <= {"code.python", "code.file"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jupyter_server_config.py", "def (:\n"),
        ("settings.json", '{"http_port": '),
        ("config.toml", "[server\nheadless"),
        ("proxy.yaml", "model_list: [\nlitellm_params: x"),
        ("redis.conf", "\x01\x02 \n" * 50),
    ],
)
def test_a_broken_configuration_is_refused_or_read_and_never_breaks(
    name: str, text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, {name: text}).inventory
    rows = [row for row in found.coverage.rows if row.type == "code.file"]
    assert sum(row.enumerated for row in rows) == len(
        [r for r in found.resources if r.type == "code.file"]
    )


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("app.py", "gradio "),
        ("x.yaml", "model_list:\n"),
        ("x.yaml", "service:\n\n"),
        ("config.toml", "[server]\n"),
        ("config.properties", "\n \n"),
    ],
)
def test_a_file_made_to_be_slow_is_told_apart_at_once(name: str, piece: str) -> None:
    """With a pattern over the whole file this would take hours."""
    assert not is_server_config(name, piece * 300_000)


@pytest.mark.parametrize(
    ("words", "reach"),
    [
        ("--host 127.0.0.1", "host"),
        ("--host 127.0.0.1 --port $PORT", "host"),
        ("$MODEL --host=127.0.0.1", "host"),
        ('"$MODEL" --port 8000', "network"),
        ("--host 127.0.0.1 $EXTRA", None),
        ("--host=127.0.0.1 $EXTRA", None),
        ('--host 127.0.0.1 "$@"', None),
    ],
)
def test_words_behind_a_flag_that_are_not_known_may_set_it_again(
    tmp_path: Path, words: str, reach: str | None
) -> None:
    found = seen(tmp_path, {"run.sh": f"exec vllm serve {words}\n"})
    assert found.only.properties.get("exposure.reach") == reach
    if reach is None:
        assert "may set it again" in found.why(found.only, "exposure.reach")

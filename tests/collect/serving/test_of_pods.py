"""How pods start servers: variables that only a cluster knows, commands over entrypoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collect.serving.declared import seen

_KEY = "{name: KEY, valueFrom: {secretKeyRef: {name: s, key: k%s}}}"


def _pod(image: str, rest: str) -> str:
    container = f"{{name: c, image: {image!r}, {rest}}}"
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ml}\n"
        f"spec:\n  containers:\n  - {container}\n"
    )


@pytest.mark.parametrize(
    "started",
    [
        'command: [sh, -c], args: ["vllm serve a/b --trust-remote-code --api-key $(KEY)"]',
        'args: ["a/b", "--trust-remote-code", "--api-key=$(KEY)"]',
        'args: ["a/b", "--trust-remote-code", "--api-key", "$(KEY)"]',
    ],
)
def test_a_variable_that_a_secret_holds_hides_nothing_but_itself(
    tmp_path: Path, started: str
) -> None:
    text = _pod("vllm/vllm-openai:v0.11.0", f"{started}, env: [{_KEY % ''}]")
    server = seen(tmp_path, {"k.yaml": text}).only
    assert server.properties["supply.remote_code"] is True
    assert server.properties["access.authenticated"] is True
    assert "access.default_credentials" in server.unread


def test_a_secret_that_need_not_be_there_is_no_key(tmp_path: Path) -> None:
    env = _KEY.replace("KEY", "VLLM_API_KEY", 1) % ", optional: true"
    found = seen(tmp_path, {"k.yaml": _pod("vllm/vllm-openai:v0.11.0", f"env: [{env}]")})
    assert "access.authenticated" in found.only.unread


def test_a_variable_that_may_stand_in_what_was_not_read_is_not_taken_literally(
    tmp_path: Path,
) -> None:
    rest = 'args: ["a/b", "--api-key", "$(KEY)"], envFrom: [{secretRef: {name: s}}]'
    server = seen(tmp_path, {"k.yaml": _pod("vllm/vllm-openai:v0.11.0", rest)}).only
    assert {"access.authenticated", "access.default_credentials"} <= server.unread.keys()


def test_the_command_of_a_pod_is_no_argument_of_its_image(tmp_path: Path) -> None:
    text = _pod("vllm/vllm-openai:v0.11.0", "command: [/bin/bash, /scripts/start.sh]")
    found = seen(tmp_path, {"k.yaml": text})
    assert not found.servers
    assert any("/scripts/start.sh" in doubt for doubt in found.doubts())


@pytest.mark.parametrize("rest", ["args: [--model, a/b]", "env: []"])
def test_an_image_named_after_a_server_is_not_left_out_in_silence(
    tmp_path: Path, rest: str
) -> None:
    found = seen(tmp_path, {"k.yaml": _pod("registry.example/ml/my-vllm:1", rest)})
    assert any("registry.example/ml/my-vllm" in doubt for doubt in found.doubts())


def test_a_program_beside_a_server_is_none(tmp_path: Path) -> None:
    assert not seen(tmp_path, {"k.yaml": _pod("oliver006/redis_exporter:v1", "env: []")}).doubts()

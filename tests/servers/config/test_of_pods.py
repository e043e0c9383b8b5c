"""How pods start servers: variables that only a cluster knows, commands over entrypoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import seen

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


_MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: ml}\n"
    "data: {VLLM_API_KEY: '%s'}\n"
)
_OF_MAP = 'args: ["a/b"], envFrom: [{configMapRef: {name: c}}]'


@pytest.mark.parametrize(("key", "asks"), [("", False), ("0123-some-key", True)])
def test_variables_of_a_config_map_that_was_read_are_known(
    tmp_path: Path, key: str, asks: bool
) -> None:
    text = _pod("vllm/vllm-openai:v0.11.0", _OF_MAP)
    server = seen(tmp_path, {"k.yaml": text, "c.yaml": _MAP % key}).only
    assert server.properties["access.authenticated"] is asks


def test_of_two_config_maps_of_one_name_neither_is_believed(tmp_path: Path) -> None:
    files = {"a/c.yaml": _MAP % "", "b/c.yaml": _MAP % "0123-some-key"}
    text = _pod("vllm/vllm-openai:v0.11.0", _OF_MAP)
    server = seen(tmp_path, {"k.yaml": text, **files}).only
    assert "access.authenticated" in server.unread


def test_config_map_in_the_file_of_a_pod_is_the_one_it_means(tmp_path: Path) -> None:
    text = _pod("vllm/vllm-openai:v0.11.0", _OF_MAP)
    files = {"a.yaml": f"{_MAP % '0123-some-key'}---\n{text}", "b.yaml": _MAP % ""}
    assert seen(tmp_path, files).only.properties["access.authenticated"] is True


def test_keys_of_a_declared_secret_are_all_that_it_sets(tmp_path: Path) -> None:
    secret = _MAP.replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:") % "x"
    text = _pod("vllm/vllm-openai:v0.11.0", 'args: ["a/b"], envFrom: [{secretRef: {name: c}}]')
    server = seen(tmp_path, {"k.yaml": text, "c.yaml": secret}).only
    assert server.properties["access.authenticated"] is True
    other = secret.replace("VLLM_API_KEY", "HF_TOKEN")
    server = seen(tmp_path, {"k.yaml": text, "c.yaml": other}).only
    assert server.properties["access.authenticated"] is False


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


@pytest.mark.parametrize(
    ("image", "rest"),
    [("{{ .Values.image }}", "args: [serve]"), ("{{ .Values.image }}", "env: []")],
)
def test_an_image_that_a_template_fills_in_may_be_a_server(
    tmp_path: Path, image: str, rest: str
) -> None:
    found = seen(tmp_path, {"k.yaml": _pod(image, rest)})
    assert any("which image it runs is not known" in doubt for doubt in found.doubts())


@pytest.mark.parametrize(
    "started",
    [
        'args: ["a/b", "--api-key", "{{ .Values.key }}"]',
        'args: ["a/b", "--api-key={{ .Values.key }}"]',
        'args: ["a/b", "{{ .Values.more }}"]',
        'command: [sh, -c], args: ["vllm serve a/b --api-key {{ .Values.key }}"]',
        'env: [{name: VLLM_API_KEY, value: "{{ .Values.key }}"}]',
    ],
)
def test_what_a_template_fills_in_is_no_key(tmp_path: Path, started: str) -> None:
    found = seen(tmp_path, {"k.yaml": _pod("vllm/vllm-openai:v0.11.0", started)})
    assert "access.authenticated" in found.only.unread


def test_a_sidecar_that_starts_first_and_stays_is_a_server(tmp_path: Path) -> None:
    text = _pod("busybox:1", "env: []").replace(
        "  containers:",
        "  initContainers: [{name: s, image: 'ollama/ollama:0.5.0', restartPolicy: Always}]\n"
        "  containers:",
    )
    assert seen(tmp_path, {"k.yaml": text}).only.type == "serving.ollama"


def test_a_container_added_for_debugging_is_judged(tmp_path: Path) -> None:
    text = _pod("busybox:1", "env: []").replace(
        "  containers:", "  ephemeralContainers: [{name: dbg, image: busybox}]\n  containers:"
    )
    found = seen(tmp_path, {"k.yaml": text}).inventory.resources
    assert any(r.type == "kubernetes.container" and r.name.endswith("dbg") for r in found)


@pytest.mark.parametrize(
    ("class_name", "annotation", "auth"),
    [
        ("nginx", "nginx.ingress.kubernetes.io/auth-secret: s", "asked"),
        ("inside", "nginx.ingress.kubernetes.io/auth-secret: s", "asked"),
        ("traefik", "nginx.ingress.kubernetes.io/auth-secret: s", "unsaid"),
        ("nginx-public", "haproxy.org/auth-type: basic-auth", "unsaid"),
        ("alb", "alb.ingress.kubernetes.io/auth-type: none", "unsaid"),
        ("alb", "alb.ingress.kubernetes.io/auth-type: oidc", "asked"),
        ("nginx", "nginx.ingress.kubernetes.io/auth-url: '{{ .Values.url }}'", "elsewhere"),
    ],
)
def test_annotations_ask_only_the_controller_that_reads_them(
    tmp_path: Path, class_name: str, annotation: str, auth: str
) -> None:
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata:\n  name: i\n  annotations:\n    {annotation}\n"
        f"spec: {{ingressClassName: {class_name}}}\n"
    )
    (found,) = [
        r
        for r in seen(tmp_path, {"k.yaml": text}).inventory.resources
        if r.type == "kubernetes.ingress"
    ]
    assert found.properties["auth"] == auth


def test_a_container_in_the_network_of_another_is_not_taken_for_closed(tmp_path: Path) -> None:
    text = "services:\n  o: {image: 'ollama/ollama:0.5.0', network_mode: 'service:vpn'}\n"
    assert "exposure.reach" in seen(tmp_path, {"compose.yaml": text}).only.unread


@pytest.mark.parametrize(
    ("line", "is_known"),
    [
        ("docker run -d -p 8000:8000 vllm/vllm-openai:latest --model a/b", True),
        ("sudo docker container run ollama/ollama", True),
        ("docker pull ollama/ollama", False),
        ("docker run --rm alpine true", False),
    ],
)
def test_a_script_that_runs_the_image_of_a_server_says_so(
    tmp_path: Path, line: str, is_known: bool
) -> None:
    doubts = seen(tmp_path, {"run.sh": f"#!/bin/sh\n{line}\n"}).doubts()
    assert bool(doubts) is is_known

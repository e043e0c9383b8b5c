"""Compose files: what a service starts, what its host passes on, and what is not known of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import compose, seen

OLLAMA = "image: ollama/ollama:0.30.0\n"


@pytest.mark.parametrize(
    ("ports", "reach"),
    [
        ("", "containers"),
        ('ports: ["11434:11434"]', "network"),
        ("ports: [11434]", "network"),
        ('ports: ["0.0.0.0:80:11434"]', "network"),
        ('ports: ["[::]:80:11434"]', "network"),
        ('ports: ["127.0.0.1:11434:11434"]', "host"),
        ('ports: ["[::1]:11434:11434"]', "host"),
        ('ports: ["9000-9010:11430-11440"]', "network"),
        ('ports: ["8080:80"]', "containers"),
        ("ports:\n  - {target: 11434, published: 8000}", "network"),
        ("ports:\n  - {target: 11434, published: 8000, host_ip: 127.0.0.1}", "host"),
        ('ports: ["${BIND:-127.0.0.1}:11434:11434"]', "host"),
        ("network_mode: host", "network"),
        ('ports: ["${WEB_PORT}:11434"]', "network"),
        ('ports: ["127.0.0.1:${WEB_PORT:?}:11434"]', "host"),
        ("environment: {OLLAMA_HOST: 127.0.0.1}\nports: [11434]", "host"),
    ],
)
def test_who_reaches_a_port_follows_from_bind_and_published(
    ports: str, reach: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, compose(OLLAMA + ports))
    assert found.only.properties["exposure.reach"] == reach


def test_an_address_that_only_the_operator_knows_is_not_guessed(tmp_path: Path) -> None:
    found = seen(tmp_path, compose(OLLAMA + 'ports: ["${BIND}:11434:11434"]'))
    assert "BIND" in found.why(found.only, "exposure.reach")


def test_values_come_from_the_env_file_beside_it(tmp_path: Path) -> None:
    files = compose(OLLAMA + 'ports: ["${BIND}:11434:11434"]\nenv_file: [extra.env]')
    files |= {".env": "BIND=127.0.0.1\n", "extra.env": "# no\nexport OLLAMA_ORIGINS='*'\n"}
    found = seen(tmp_path, files).only.properties
    assert (found["exposure.reach"], found["access.any_origin"]) == ("host", True)


def test_an_env_file_that_is_not_there_leaves_open_what_it_may_set(tmp_path: Path) -> None:
    found = seen(tmp_path, compose(OLLAMA + "env_file: .env.prod\nports: [11434]"))
    assert found.only.properties["access.authenticated"] is False
    assert found.why(found.only, "access.any_origin")


def test_what_a_service_extends_and_an_override_lie_over_each_other(tmp_path: Path) -> None:
    files = {
        "base.yml": "services:\n  b:\n    image: ollama/ollama\n"
        "    environment: [OLLAMA_ORIGINS=*]\n",
        "docker-compose.yml": "services:\n  o:\n    extends: {file: base.yml, service: b}\n",
        "docker-compose.gpu.yml": "services:\n  o:\n    ports: [11434]\n    privileged: true\n",
    }
    found = [r for r in seen(tmp_path, files).inventory.resources if r.type == "serving.ollama"]
    facts = {r.origin.file.rpartition("/")[2]: r.properties for r in found}
    assert facts["docker-compose.gpu.yml"]["access.any_origin"] is True
    assert facts["docker-compose.gpu.yml"]["access.privileged"] is True
    assert facts["docker-compose.gpu.yml"]["exposure.reach"] == "network"
    assert facts["docker-compose.yml"]["exposure.reach"] == "containers"


def test_a_service_that_builds_is_read_with_its_dockerfile(tmp_path: Path) -> None:
    files = compose("build: {context: app}\nports: [8000]", name="api") | {
        "app/Dockerfile": 'FROM python:3.12\nRUN pip install vllm==0.24.0\nENV VLLM_API_KEY=""\n'
        'CMD ["vllm", "serve", "a/b", "--host", "0.0.0.0"]\n'
    }
    found = seen(tmp_path, files)
    server = found.only
    assert (server.type, server.origin.file) == ("serving.vllm", "compose.yaml")
    assert server.properties["access.authenticated"] is False
    assert server.properties["supply.version"] == "0.24.0"


@pytest.mark.parametrize(
    ("service", "why"),
    [
        ("image: nginx:1.27", "no server that this version knows"),
        ("image: ollama/ollama\ncommand: pull llama3", "runs something else"),
        ("image: ollama/ollama\nentrypoint: [sh, -c, 'sleep 5; ollama pull x']", "something else"),
        ("image: ${IMAGE}", "not known: the variable IMAGE"),
        ("build: ./gone", "Dockerfile was not found"),
    ],
)
def test_what_is_no_server_is_left_out_with_its_reason(
    service: str, why: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, compose(service))
    assert not found.servers
    assert why in found.left_out()


def test_what_may_be_a_server_is_told_on_its_file(tmp_path: Path) -> None:
    assert seen(tmp_path, compose("image: ${IMAGE}")).doubts()


@pytest.mark.parametrize(
    "text",
    [
        "services: [",
        "services: {a: &a [*a]}",
        "services:\n  a:\n    image: [x]\n    ports: {a: b}\n    environment: 5\n    volumes: x\n",
        "services:\n  a:\n    extends: a\n  b:\n    extends: {service: b}\n",
        "include: [gone.yml, 5]\nservices: {a: null, b: 3, c: [1]}\n",
        "services:\n  a: {image: ollama/ollama, ports: ['1-99999:1-99999', '::::', '']}\n",
    ],
)
def test_a_hostile_compose_file_is_read_or_refused_and_never_breaks(
    text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, {"compose.yaml": text})
    assert [r.name for r in found.inventory.resources if r.type == "code.file"]

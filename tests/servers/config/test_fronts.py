"""A server that publishes nothing is judged by what publishes in front of it, as far as read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import seen

LLM = "  llm:\n    image: vllm/vllm-openai:v0.11.0\n    command: [--model, a/b]\n"
NGINX = "server { location / { proxy_pass http://%s; %s } }\n"


def reach(scratch: Path, services: str, **files: str) -> tuple[object, object, object]:
    """Give reach, authentication and public of the server behind what else is declared."""
    told = {"compose.yaml": f"services:\n{LLM}{services}", **files}
    server = seen(scratch, {k.replace("__", "."): v for k, v in told.items()}).servers["llm"]
    names = ("exposure.reach", "access.authenticated", "exposure.public")
    reach_, asks, public = (server.properties.get(name) for name in names)
    return reach_, asks, public


def front(image: str, more: str = "", ports: str = '["80:80"]') -> str:
    return f"  web:\n    image: {image}\n    ports: {ports}\n{more}"


MOUNT = "    volumes: ['./nginx.conf:/etc/nginx/nginx.conf']\n"
ROUTER = "    labels: ['traefik.http.routers.a.rule=Host(`x`)'%s]\n"
PORT = ", 'traefik.http.services.a.loadbalancer.server.port=8000'"
CASES: dict[str, tuple[str, str, object]] = {
    "nothing in front": ("", "", "containers"),
    "no proxy": (front("corp/app:1"), "", "containers"),
    "proxy for the host only": (front("nginx:1", ports='["127.0.0.1:80:80"]'), "", "containers"),
    "proxy in another network": (
        front("nginx:1", "    networks: [edge]\n"),
        "",
        "containers",
    ),
    "configuration not read": (front("nginx:1"), "", None),
    "tunnel": ("  web: {image: 'cloudflare/cloudflared:1'}\n", "", None),
    "leads to it": (front("nginx:1", MOUNT), NGINX % ("llm:8000", ""), "network"),
    "leads to another": (front("nginx:1", MOUNT), NGINX % ("app:8000", ""), "containers"),
    "leads to another port": (front("nginx:1", MOUNT), NGINX % ("llm:9999", ""), "containers"),
    "name in a comment": (
        front("nginx:1", MOUNT),
        "# llm:8000\n" + NGINX % ("app:8000", ""),
        "containers",
    ),
    "asks who is there": (
        front("nginx:1", MOUNT),
        NGINX % ("llm:8000", "auth_basic x;"),
        None,
    ),
    "asks nobody any more": (
        front("nginx:1", MOUNT),
        NGINX % ("llm:8000", "auth_basic off;"),
        "network",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_server_is_reached_as_far_as_what_stands_in_front_of_it_was_read(
    case: str, tmp_path: Path
) -> None:
    services, nginx, wanted = CASES[case]
    told, asks, public = reach(tmp_path, services, **({"nginx__conf": nginx} if nginx else {}))
    assert told == wanted
    # A proxy never makes the server itself ask who is there.
    assert asks is False
    assert public is (False if wanted == "containers" else None)


@pytest.mark.parametrize(
    ("labels", "command", "wanted"),
    [
        (ROUTER % PORT, "", "network"),
        (ROUTER % "", "", None),
        (ROUTER % f"{PORT}, 'traefik.http.routers.a.middlewares=sso'", "", None),
        ("", "", None),
        ("", "--providers.docker.exposedbydefault=false", "containers"),
        ("    labels: {traefik.enable: 'false'}\n", "", "containers"),
    ],
)
def test_labels_tell_what_traefik_leads_to(
    labels: str, command: str, wanted: object, tmp_path: Path
) -> None:
    proxy = front("traefik:v3", f"    command: ['{command}']\n" if command else "")
    told, _, _ = reach(tmp_path, f"{labels}{proxy}")
    assert told == wanted


def test_database_is_nothing_that_a_proxy_of_web_pages_leads_to(tmp_path: Path) -> None:
    files = {"compose.yaml": f"services:\n  db: {{image: 'redis:7'}}\n{front('nginx:1')}"}
    found = seen(tmp_path, files).servers["db"].properties
    assert found["exposure.reach"] == "containers"


def test_settings_in_configs_and_secrets_of_a_compose_file_are_read(tmp_path: Path) -> None:
    head = "services:\n  db:\n    image: redis:7\n    ports: [6379]\n"
    head += (
        "    command: redis-server /r.conf\n    configs: [{source: r, target: /r.conf}]\nconfigs:\n"
    )
    inside = seen(
        tmp_path / "a", {"compose.yaml": f"{head}  r: {{content: 'requirepass ${{P:-x}}'}}\n"}
    )
    beside = seen(
        tmp_path / "b",
        {"compose.yaml": f"{head}  r: {{file: ./redis.conf}}\n", "redis.conf": "port 6379\n"},
    )
    gone = seen(tmp_path / "c", {"compose.yaml": f"{head}  r: {{external: true}}\n"})
    asks = [
        found.servers["db"].properties.get("access.authenticated")
        for found in (inside, beside, gone)
    ]
    assert asks == [True, False, None]


def test_folder_that_hides_where_a_server_looks_for_settings_is_no_default(tmp_path: Path) -> None:
    text = "services:\n  db:\n    image: redis:7\n    ports: [6379]\n    volumes: ['%s']\n"
    told = [
        seen(tmp_path / name, {"compose.yaml": text % mount})
        .servers["db"]
        .properties.get("access.authenticated")
        for name, mount in (("a", "./data:/data"), ("b", "./etc:/usr/local/etc/redis"))
    ]
    assert told == [False, None]


def test_default_password_of_another_program_in_a_servers_environment_is_a_secret(
    tmp_path: Path,
) -> None:
    text = (
        "services:\n  db:\n    image: redis:7\n    environment:\n"
        "      AWS_SECRET_ACCESS_KEY: minioadmin\n      LATER_PASSWORD: changeme\n"
    )
    secrets = seen(tmp_path, {"compose.yaml": text}).servers["db"].properties["secrets"]
    assert [(each["name"], each["kind"]) for each in secrets] == [
        ("AWS_SECRET_ACCESS_KEY", "default-password")
    ]


def test_published_port_of_what_is_no_known_server_is_told(tmp_path: Path) -> None:
    text = "services:\n  api: {image: 'me/rag:1', ports: [%s]}\n"
    wide = seen(tmp_path / "a", {"compose.yaml": text % "'8081:8081'"})
    near = seen(tmp_path / "b", {"compose.yaml": text % "'127.0.0.1:8081:8081'"})
    assert "it publishes a port" in wide.left_out()
    assert "it publishes a port" not in near.left_out()

"""Services beside models: judged where a compose file publishes them, by what makes them ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import compose, seen


def answers(tmp_path: Path, service: str, more: dict[str, str] | None = None) -> dict[str, object]:
    server = seen(tmp_path, compose(service) | (more or {})).only
    return {**server.properties, "type": server.type}


@pytest.mark.parametrize(
    ("service", "asks"),
    [
        ("image: prom/prometheus:latest\nports: ['9090:9090']", False),
        ("image: openzipkin/zipkin:3\nports: ['9411:9411']", False),
        ("image: grafana/grafana\nports: ['3000:3000']", True),
        (
            "image: grafana/grafana\nports: [3000]\nenvironment: [GF_AUTH_ANONYMOUS_ENABLED=true]",
            False,
        ),
        ("image: mongo:7\nports: ['27017:27017']", False),
        (
            "image: mongo:7\nports: ['27017:27017']\nenvironment: {MONGO_INITDB_ROOT_USERNAME: a}",
            True,
        ),
        ("image: mongo:7\ncommand: --auth\nports: ['27017:27017']", True),
        ("image: provectuslabs/kafka-ui:latest\nports: ['8080:8080']", False),
        (
            "image: provectuslabs/kafka-ui\nports: [8080]\nenvironment: {AUTH_TYPE: LOGIN_FORM}",
            True,
        ),
        ("image: registry:2\nports: ['5000:5000']", False),
        ("image: nvcr.io/nvidia/nemo-microservices/nv-ingest:26.3.0\nports: ['8265:8265']", False),
    ],
)
def test_what_makes_a_service_ask_decides(service: str, asks: bool, tmp_path: Path) -> None:
    found = answers(tmp_path, service)
    assert found["type"] == "serving.backing_service"
    assert (found["exposure.reach"], found["access.authenticated"]) == ("network", asks)


@pytest.mark.parametrize(
    "service",
    [
        "image: prom/prometheus",
        "image: prom/prometheus\nports: ['127.0.0.1:9090:9090']",
        "image: mysql:8\nenvironment: {MYSQL_ROOT_PASSWORD: root}",
    ],
)
def test_what_other_machines_do_not_reach_is_left_out(service: str, tmp_path: Path) -> None:
    assert not seen(tmp_path, compose(service)).servers


def test_another_port_of_the_service_is_no_way_to_it(tmp_path: Path) -> None:
    found = answers(tmp_path, "image: prom/prometheus\nports: ['9100:9100']")
    assert found["exposure.reach"] == "containers"


def test_a_web_configuration_of_prometheus_that_is_not_read_is_not_guessed(tmp_path: Path) -> None:
    text = "image: prom/prometheus\ncommand: --web.config.file=/web.yml\nports: [9090]"
    assert "access.authenticated" in seen(tmp_path, compose(text)).only.unread


def test_the_first_password_of_grafana_is_the_one_in_its_manual(tmp_path: Path) -> None:
    text = "image: grafana/grafana\nports: ['3000:3000']\n"
    assert answers(tmp_path, text)["access.default_credentials"] is True
    text += "environment: {GF_SECURITY_ADMIN_PASSWORD: q8-Zr-41-bb-Lm}"
    assert answers(tmp_path / "b", text)["access.default_credentials"] is False


@pytest.mark.parametrize(
    ("map_", "published", "asks"),
    [
        ("INNER:PLAINTEXT,OUTER:PLAINTEXT", 9094, False),
        ("INNER:PLAINTEXT,OUTER:SASL_PLAINTEXT", 9094, True),
        ("INNER:PLAINTEXT,OUTER:SASL_PLAINTEXT", 9092, False),
    ],
)
def test_the_listener_of_kafka_that_is_published_decides(
    map_: str, published: int, asks: bool, tmp_path: Path
) -> None:
    text = (
        f"image: apache/kafka:latest\nports: ['{published}:{published}']\nenvironment:\n"
        "  KAFKA_LISTENERS: INNER://:9092,CONTROLLER://:9093,OUTER://:9094\n"
        f"  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: CONTROLLER:PLAINTEXT,{map_}\n"
    )
    assert answers(tmp_path, text)["access.authenticated"] is asks


def test_the_filer_of_seaweedfs_asks_nobody_where_the_keys_guard_its_s3_port(
    tmp_path: Path,
) -> None:
    text = "image: chrislusf/seaweedfs:3.73\ncommand: [server, -s3, -s3.config=/s3.json]\n"
    text += "volumes: ['./s3.json:/s3.json']\n"
    keys = {"s3.json": '{"identities": [{"credentials": [{"secretKey": "seaweedfsadmin"}]}]}'}
    assert answers(tmp_path, text + "ports: [8333]", keys)["access.authenticated"] is True
    assert answers(tmp_path / "b", text + "ports: [8888]", keys)["access.authenticated"] is False


COLLECTOR = """\
receivers:
  otlp: {protocols: {grpc: {endpoint: 0.0.0.0:4317}}}
exporters:
  debug: {verbosity: LEVEL}
service:
  pipelines:
    PIPELINE: {receivers: [otlp], exporters: [debug]}
"""


@pytest.mark.parametrize(
    ("level", "pipeline", "prints"),
    [
        ("detailed", "traces", True),
        ("basic", "traces", False),
        ("detailed", "metrics", False),
    ],
)
def test_a_collector_that_prints_every_attribute_of_traces_logs_prompts(
    level: str, pipeline: str, prints: bool, tmp_path: Path
) -> None:
    config = COLLECTOR.replace("LEVEL", level).replace("PIPELINE", pipeline)
    text = "image: otel/opentelemetry-collector-contrib:0.140.0\nports: ['4317:4317']\n"
    text += "command: [--config=/etc/otel.yaml]\nvolumes: ['./otel.yaml:/etc/otel.yaml']\n"
    found = answers(tmp_path, text, {"otel.yaml": config})
    assert (found["data.logs_prompts"], found["access.authenticated"]) == (prints, False)


@pytest.mark.parametrize(
    ("words", "reach"),
    [("--bind_all", "network"), ("--host 0.0.0.0", "network"), ("--port 6006", "host")],
)
def test_tensorboard_listens_on_its_own_host_unless_it_is_told_otherwise(
    words: str, reach: str, tmp_path: Path
) -> None:
    text = f"image: tensorflow/tensorflow\ncommand: tensorboard --logdir /l {words}\nports: [6006]"
    found = answers(tmp_path, text)
    assert (found["type"], found["exposure.reach"]) == ("serving.tensorboard", reach)
    assert found["access.authenticated"] is False


def test_a_proxy_that_is_started_beside_a_server_may_ask_for_it(tmp_path: Path) -> None:
    text = "image: a/b\nports: [80]\ncommand: sh -c 'tensorboard --logdir /l --bind_all & nginx'\n"
    found = seen(tmp_path, compose(text))
    assert not found.servers
    assert "nginx starts beside it" in found.left_out()

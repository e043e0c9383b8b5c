"""Which of several settings counts: each case was held against the real server (tests/servers)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.servers.products.product import ANYWHERE
from tests.servers.config.declared import seen

_IMAGE = "FROM python:3.11-slim\nRUN pip install torchserve==0.12.0 mlserver==1.7.1\nWORKDIR /srv\n"


def read(folder: Path, command: str, environment: str = "", **files: str) -> Any:
    """Give what is said of a service that is started with files beside its Dockerfile."""
    named = {name.replace("__", "."): text for name, text in files.items()}
    copies = "".join(f"COPY {name} ./\n" for name in named)
    lines = [
        "services:",
        "  s:",
        "    build: .",
        "    network_mode: host",
        f"    command: {command}",
        "    environment:",
    ]
    lines += [f"      {pair}" for pair in environment.split(";") if pair] or ["      A: b"]
    return seen(
        folder, {"compose.yaml": "\n".join(lines), "Dockerfile": _IMAGE + copies, **named}
    ).servers["s"]


def test_a_variable_names_the_file_of_torchserve_before_a_flag_does(tmp_path: Path) -> None:
    server = read(
        tmp_path,
        "torchserve --start --ts-config config.properties",
        "TS_CONFIG_FILE: other.properties",
        config__properties="inference_address=http://127.0.0.1:8080\n",
        other__properties="inference_address=http://0.0.0.0:9080\n",
    )
    assert (server.properties["bind"], server.properties["port"]) == (ANYWHERE, "9080")


def test_torchserve_reads_the_file_that_lies_where_it_is_started(tmp_path: Path) -> None:
    text = "disable_token_authorization=true\nmetrics_address=http://127.0.0.1:8082\n"
    server = read(tmp_path, "torchserve --start", config__properties=text)
    assert server.properties["token_off"] is True
    assert server.properties["access.authenticated"] is False


def test_a_file_that_may_lie_where_it_is_started_is_neither_read_nor_passed_over(
    tmp_path: Path,
) -> None:
    dockerfile = (
        "FROM example/base\nRUN pip install torchserve==0.12.0\nCOPY config.properties /opt/\n"
        'CMD ["torchserve", "--start"]\n'
    )
    found = seen(
        tmp_path,
        {
            "Dockerfile": dockerfile,
            "config.properties": "management_address=http://0.0.0.0:8081\n",
        },
    )
    server = found.servers["Dockerfile"]
    assert "the folder that it is started in is not known" in found.why(
        server, "exposure.management_open"
    )


@pytest.mark.parametrize(
    ("environment", "text", "name", "expected"),
    [
        ("HOST: 127.0.0.1", "inference_address=http://$$HOST$$:8080\n", "bind", "127.0.0.1"),
        (
            "TS_DISABLE_TOKEN_AUTHORIZATION: 'true'",
            "enable_envvars_config=true\n",
            "token_off",
            True,
        ),
        ("TS_DISABLE_TOKEN_AUTHORIZATION: 'true'", "number_of_gpu=1\n", "token_off", False),
        # The list of addresses is taken from the environment only where another switch says so.
        ("TS_ALLOWED_URLS: https://a/.*", "enable_envvars_config=true\n", "any_url", True),
        (
            "TS_ALLOWED_URLS: https://a/.*",
            "enable_envvars_config=true\nuse_env_allowed_urls=true\n",
            "any_url",
            False,
        ),
        # Java knows one word for yes.
        ("A: b", "enable_model_api=1\n", "supply.clients_can_load", False),
        ("A: b", "enable_model_api=TRUE\n", "supply.clients_can_load", True),
        ("A: b", "inference_address=https://0.0.0.0\n", "port", "443"),
        ("A: b", "enable_metrics_api=false\n", "exposure.metrics_open", False),
    ],
)
def test_a_property_of_torchserve(
    tmp_path: Path, environment: str, text: str, name: str, expected: object
) -> None:
    server = read(
        tmp_path,
        "torchserve --start --ts-config config.properties",
        environment,
        config__properties=f"{text}metrics_address=http://0.0.0.0:8082\n",
    )
    assert server.properties[name] == expected


def test_a_variable_of_torchserve_that_is_set_elsewhere_is_not_known(tmp_path: Path) -> None:
    server = read(
        tmp_path,
        "torchserve --start --ts-config config.properties",
        config__properties="inference_address=http://$$HOST$$:8080\n",
    )
    assert "bind" in server.unread


def test_the_short_flag_turns_the_token_of_torchserve_off(tmp_path: Path) -> None:
    assert read(tmp_path, "torchserve --start --dt").properties["token_off"] is True


def test_the_file_of_mlserver_counts_more_than_a_variable(tmp_path: Path) -> None:
    server = read(
        tmp_path,
        "mlserver start models",
        "MLSERVER_HOST: 127.0.0.1",
        settings__json='{"host": "0.0.0.0", "http_port": 8080}',
    )
    # The file lies beside the folder of models, and is not read.
    assert server.properties["bind"] == "127.0.0.1"
    server = read(
        tmp_path / "again",
        "mlserver start /srv",
        "MLSERVER_HOST: 127.0.0.1",
        settings__json='{"host": "0.0.0.0", "http_port": 8080}',
    )
    assert server.properties["bind"] == ANYWHERE


def test_a_folder_that_is_copied_brings_its_configuration(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        {
            "Dockerfile": f'{_IMAGE}COPY . .\nCMD ["mlserver", "start", "models"]\n',
            "models/settings.json": '{"host": "127.0.0.1", "metrics_port": 8082}',
        },
    )
    assert found.servers["Dockerfile"].properties["bind"] == "127.0.0.1"


def told(folder: Path, package: str, command: str, environment: str, name: str) -> object:
    """Give one property of a service that installs a package and is started in closed ground."""
    lines = ["services:", "  s:", "    build: .", "    network_mode: host"]
    lines += [f"    command: {command}", "    environment:"]
    lines += [f"      {pair}" for pair in environment.split(";")]
    dockerfile = f"FROM python:3.11-slim\nRUN pip install {package}\n"
    server = seen(folder, {"compose.yaml": "\n".join(lines), "Dockerfile": dockerfile}).only
    return server.properties.get(name, "not known")


_MLFLOW, _LITELLM = "mlflow==3.17.2", "litellm==1.108.7"


@pytest.mark.parametrize(
    ("package", "command", "environment", "name", "expected"),
    [
        # Who lets everybody in tells everybody its metrics.
        (
            "jupyter-server==2.21.1",
            "jupyter-server --ip=0.0.0.0 --IdentityProvider.token=",
            "A: b",
            "exposure.metrics_open",
            True,
        ),
        # No variable names the app of MLflow.
        (_MLFLOW, "mlflow server", "MLFLOW_APP_NAME: basic-auth", "access.authenticated", False),
        # Click takes a variable with nothing in it for none.
        (_MLFLOW, "mlflow server", "MLFLOW_HOST: ''", "exposure.reach", "host"),
        (_MLFLOW, "mlflow server", "MLFLOW_HOST: '0.0.0.0'", "exposure.reach", "network"),
        (_MLFLOW, "mlflow server", "MLFLOW_SERVE_ARTIFACTS: 'false'", "serves_artifacts", False),
        (
            _MLFLOW,
            "mlflow server --serve-artifacts",
            "MLFLOW_SERVE_ARTIFACTS: 'false'",
            "serves_artifacts",
            True,
        ),
        # With its guard off it answers to any name, and gives no page leave to read.
        (_MLFLOW, "mlflow server --disable-security-middleware", "A: b", "any_host", True),
        (
            _MLFLOW,
            "mlflow server --disable-security-middleware --cors-allowed-origins '*'",
            "A: b",
            "access.any_origin",
            False,
        ),
        (_MLFLOW, "mlflow server", "DO_NOT_TRACK: '1'", "data.telemetry", True),
        (_MLFLOW, "mlflow server", "DO_NOT_TRACK: 'true'", "data.telemetry", False),
        (_LITELLM, "litellm", "LITELLM_CORS_ORIGINS: ''", "access.any_origin", True),
        (_LITELLM, "litellm", "HOST: ''", "bind", ANYWHERE),
        (_LITELLM, "litellm", "SSL_CERTFILE_PATH: a.pem", "encryption.in_transit", False),
        (
            _LITELLM,
            "litellm --ssl_keyfile_path b.pem",
            "SSL_CERTFILE_PATH: a.pem",
            "encryption.in_transit",
            True,
        ),
        (
            _LITELLM,
            "litellm",
            "LITELLM_MASTER_KEY: sk-a1b2c3d4e5f6;LITELLM_CONFIG_BUCKET_NAME: settings",
            "access.authenticated",
            "not known",
        ),
        # Chroma looks at no variables any more.
        ("chromadb==1.5.9", "chroma run", "CHROMA_SERVER_HOST: 0.0.0.0", "bind", "localhost"),
        ("chromadb==1.5.9", "chroma run", "ALLOW_RESET: 'true'", "resets", False),
        ("chromadb==0.6.3", "chroma run", "CHROMA_SERVER_HOST: 0.0.0.0", "bind", ANYWHERE),
        ("chromadb", "chroma run", "CHROMA_SERVER_HOST: 127.0.0.1", "bind", "not known"),
        # Ray asks for a token that it finds, from 2.59 on.
        ("ray==2.60.0", "ray start --head", "A: b", "access.authenticated", False),
        ("ray==2.60.0", "ray start --head", "RAY_AUTH_TOKEN: abc", "access.authenticated", True),
        ("ray==2.58.0", "ray start --head", "RAY_AUTH_TOKEN: abc", "access.authenticated", False),
        (
            "ray==2.60.0",
            "ray start --head",
            "RAY_AUTH_TOKEN: abc;RAY_AUTH_MODE: disabled",
            "access.authenticated",
            False,
        ),
        (
            "ray==2.60.0",
            "ray start --head --dashboard-host=0.0.0.0 --include-dashboard=false",
            "A: b",
            "exposure.management_open",
            False,
        ),
    ],
)
def test_a_setting_is_taken_as_the_server_takes_it(
    tmp_path: Path, package: str, command: str, environment: str, name: str, expected: object
) -> None:
    assert told(tmp_path, package, command, environment, name) == expected


def test_a_variable_names_the_file_of_litellm_before_a_flag_does(tmp_path: Path) -> None:
    server = seen(
        tmp_path,
        {
            "compose.yaml": "services:\n  s:\n    build: .\n    command: litellm --config a.yaml\n"
            "    environment:\n      CONFIG_FILE_PATH: b.yaml\n",
            "Dockerfile": "FROM python:3.11\nRUN pip install litellm==1.90.0\nWORKDIR /srv\n"
            "COPY a.yaml b.yaml ./\n",
            "a.yaml": "model_list:\n- litellm_params: {}\ngeneral_settings: {master_key: sk-a1}\n",
            "b.yaml": "model_list:\n- litellm_params: {}\n",
        },
    ).servers["s"]
    assert server.properties["access.authenticated"] is False


def test_what_gradio_is_launched_with_counts_more_than_a_variable(tmp_path: Path) -> None:
    text = "import gradio as gr\ngr.Blocks().launch(server_name='0.0.0.0', share=False)\n"
    files = {
        "compose.yaml": "services:\n  s:\n    build: .\n    command: gradio app.py\n"
        "    environment: {GRADIO_SERVER_NAME: 127.0.0.1, GRADIO_SHARE: 'true'}\n",
        "Dockerfile": "FROM python:3.11\nRUN pip install gradio==6.31.0\nWORKDIR /srv\n"
        "COPY app.py ./\n",
        "app.py": text,
    }
    server = seen(tmp_path, files).servers["s"]
    assert server.properties["bind"] == ANYWHERE
    assert server.properties["share"] is False


def test_the_file_that_chroma_is_told_of_is_read(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  s:\n    build: .\n    command: chroma run a.yaml\n",
        "Dockerfile": "FROM python:3.11\nRUN pip install chromadb==1.5.9\nWORKDIR /srv\n"
        "COPY a.yaml ./\n",
        "a.yaml": "port: 9000\nlisten_address: 0.0.0.0\nallow_reset: true\n",
    }
    server = seen(tmp_path, files).servers["s"]
    assert server.properties["bind"] == ANYWHERE
    assert server.properties["resets"] is True

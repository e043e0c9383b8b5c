"""What the scan says of a configuration is what the real server does with it.

Each case is written to a script and a configuration file, scanned, and then started from the same
words with the same file.
"""

from __future__ import annotations

import http.client
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.servers.config.declared import Seen, seen
from tests.servers.conftest import BENTO
from tests.servers.start import Server, is_set_up, running

_JUPYTER = ("jupyter-server", "--no-browser", "--allow-root", "--ServerApp.port={port}",
            "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0")  # fmt: skip
# Of the word "sesame", made with jupyter_server.auth.passwd.
_PASSWORD = (
    "argon2:$argon2id$v=19$m=10240,t=10,p=8$c29tZXNhbHRzb21lc2FsdA$3v1JpQ4sAEa7TnBdXqQ3yX8DnQ"
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """More words of the command line, variables and a configuration file."""

    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    config: str = ""


JUPYTER: Mapping[str, Case] = {
    "as it comes": Case(),
    "an empty token": Case(words=("--IdentityProvider.token=",)),
    "an empty token by its old name": Case(words=("--NotebookApp.token=",)),
    "a token": Case(words=("--IdentityProvider.token=c0ffee",)),
    "an empty variable": Case(environment={"JUPYTER_TOKEN": ""}),
    "an empty token and a password": Case(
        words=(
            "--IdentityProvider.token=",
            f"--PasswordIdentityProvider.hashed_password={_PASSWORD}",
        )
    ),
    "an empty token in the file": Case(config="c.IdentityProvider.token = ''\n"),
    "the command line over the file": Case(
        words=("--IdentityProvider.token=c0ffee",), config="c.IdentityProvider.token = ''\n"
    ),
    "any origin": Case(words=("--IdentityProvider.token=", "--ServerApp.allow_origin=*")),
}


def scanned(case: Case, folder: Path) -> Mapping[str, Any]:
    words = [word.replace("{port}", "8888") for word in (*_JUPYTER, *case.words)]
    files = {}
    if case.config:
        words.append("--config=jupyter_server_config.py")
        files["jupyter_server_config.py"] = case.config
    # A unit closes its environment, as the test below does.
    environment = "".join(f'Environment="{k}={v}"\n' for k, v in case.environment.items())
    unit = f"[Service]\n{environment}ExecStart={shlex.join(words)}\n"
    found: Seen = seen(folder, {"jupyter.service": unit, **files})
    (server,) = [
        r
        for r in found.inventory.resources
        if r.type == "serving.jupyter" and r.properties["launched_by"] == "unit"
    ]
    return server.properties


def allowed_origin(server: Server, path: str) -> str:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Origin": "https://evil.example"})
        return connection.getresponse().getheader("Access-Control-Allow-Origin") or ""
    finally:
        connection.close()


@pytest.mark.skipif(not is_set_up("jupyter-server"), reason="run make servers")
@pytest.mark.parametrize("name", sorted(JUPYTER))
def test_jupyter_does_what_the_scan_says(name: str, tmp_path: Path) -> None:
    case = JUPYTER[name]
    said = scanned(case, tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    words = (*_JUPYTER, *case.words)
    if case.config:
        (folder / "jupyter_server_config.py").write_text(case.config)
        words = (*words, "--config=jupyter_server_config.py")
    with running(words, folder, ready="/api", environment=case.environment) as server:
        assert (server.status("/api/kernels") == 200) == (said["access.authenticated"] is False)
        assert (allowed_origin(server, "/api") == "*") == said["access.any_origin"]
    assert said["exposure.reach"] == "host"


@pytest.mark.skipif(not is_set_up("bentoml"), reason="run make servers")
def test_bentoml_does_what_the_scan_says(tmp_path: Path) -> None:
    words = ("bentoml", "serve", "service:Echo", "--host", "127.0.0.1", "--port", "{port}")
    text = f"[Service]\nExecStart={shlex.join(words).replace('{port}', '3000')}\n"
    said = seen(tmp_path, {"bento.service": text}).only.properties
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "service.py").write_text(BENTO)
    quiet = {"BENTOML_DO_NOT_TRACK": "True"}
    with running(words, folder, ready="/livez", environment=quiet) as server:
        assert server.status("/docs.json") == 200
        assert said["access.authenticated"] is False
        # It tells its metrics to anybody, but nobody beyond its host gets there.
        assert server.status("/metrics") == 200
        assert (said["exposure.reach"], said["exposure.metrics_open"]) == ("host", False)

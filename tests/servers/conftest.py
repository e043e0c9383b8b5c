"""Real servers, once a session; skipped where ``make servers`` was not run (never in CI)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.start import Server, is_set_up, running

# No extension but the ones of the server: what its settings say is all there is.
_JUPYTER = ("jupyter-server", "--no-browser", "--allow-root", "--ServerApp.port={port}",
            "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0")  # fmt: skip
BENTO = '''"""A service with one route."""
import bentoml


@bentoml.service
class Echo:
    @bentoml.api
    def say(self, text: str) -> str:
        return text
'''


def _needs(program: str) -> None:
    if not is_set_up(program):
        pytest.skip(f"{program} is not there: run make servers")


@pytest.fixture(scope="session")
def open_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Jupyter Server whose token was set to nothing."""
    _needs("jupyter-server")
    folder = tmp_path_factory.mktemp("open-jupyter")
    with running((*_JUPYTER, "--IdentityProvider.token="), folder, ready="/api") as server:
        yield server


@pytest.fixture(scope="session")
def closed_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Jupyter Server as it comes: a token is wanted."""
    _needs("jupyter-server")
    folder = tmp_path_factory.mktemp("closed-jupyter")
    token = {"JUPYTER_TOKEN": secrets.token_hex(24)}
    with running(_JUPYTER, folder, ready="/api", environment=token) as server:
        yield server


@pytest.fixture(scope="session")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A BentoML service; it has no sign-in of its own."""
    _needs("bentoml")
    folder: Path = tmp_path_factory.mktemp("bento")
    (folder / "service.py").write_text(BENTO)
    words = ("bentoml", "serve", "service:Echo", "--host", "127.0.0.1", "--port", "{port}")
    quiet = {"BENTOML_DO_NOT_TRACK": "True"}
    with running(words, folder, ready="/livez", environment=quiet) as server:
        yield server

"""The fleet on one machine: the compose file by its schema, its secrets on a real PostgreSQL."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from mlsec.cli.main import main
from mlsec.cli.parser import build_parser
from mlsec.fleet.config import read_config
from tests.postgres import Server, programs

FLEET = Path(__file__).resolve().parents[2] / "deploy" / "fleet"
COMPOSE = yaml.safe_load((FLEET / "compose.yaml").read_text())
SCHEMA = json.loads(Path(__file__).with_name("compose.schema.json").read_text())
OURS = {name: s for name, s in COMPOSE["services"].items() if s.get("command", [""])[0] == "fleet"}


def test_the_file_is_valid_by_the_specification_of_compose() -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    jsonschema.Draft7Validator(SCHEMA).validate(COMPOSE)
    broken = copy.deepcopy(COMPOSE)
    broken["services"]["worker"]["restrat"] = "always"
    with pytest.raises(jsonschema.ValidationError, match="restrat"):
        jsonschema.Draft7Validator(SCHEMA).validate(broken)


def test_every_command_of_it_is_one_of_mlsec() -> None:
    assert {*OURS} == {"migrate", "worker", "planner"}
    for service in OURS.values():
        assert build_parser("fleet").parse_args(service["command"])


def test_every_file_that_it_mounts_is_there_or_made_by_the_script(tmp_path: Path) -> None:
    made = tmp_path / "secrets"
    subprocess.run([FLEET / "prepare.sh", made], check=True, capture_output=True)  # noqa: S603
    assert [path for path in made.rglob("*") if path.name == "ca.key"] == []
    words = [
        *(v for s in COMPOSE["services"].values() for v in s.get("volumes", ())),
        *(v for s in COMPOSE["services"].values() for v in s.get("env_file", ())),
        *(secret["file"] for secret in COMPOSE["secrets"].values()),
    ]
    for word in words:
        source = word.partition(":")[0]
        if source.startswith("."):
            place = (
                made / source.removeprefix("./secrets/") if "secrets" in source else FLEET / source
            )
            assert place.exists(), source
        else:
            assert source in COMPOSE["volumes"]
    again = subprocess.run([FLEET / "prepare.sh", made], check=False, capture_output=True)  # noqa: S603
    assert again.returncode == 2


def test_no_process_has_a_right_that_it_does_not_need() -> None:
    for name, service in COMPOSE["services"].items():
        if name != "database":  # its image sets its own user up
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True
            assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(service["user"] == "10001:10001" for service in OURS.values())
    ports = [port for s in COMPOSE["services"].values() for port in s.get("ports", ())]
    assert ports == ["127.0.0.1:3000:3000"]


def test_the_example_is_a_configuration() -> None:
    config = read_config(FLEET / "fleet.yaml")
    assert [owner.logins for owner in config.owners] == [("of_payments",)]


class Secured:
    """A server with the certificate, the logins and the rules of who may connect of the fleet."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self.folder = server, folder
        subprocess.run([FLEET / "prepare.sh", folder], check=True, capture_output=True)  # noqa: S603
        key, data = folder / "database", server.folder / "data"
        for name in ("server.key", "server.pem"):
            shutil.copy(key / name, data / name)
            os.chmod(data / name, 0o600)  # noqa: PTH101
            if server.user:
                shutil.chown(data / name, server.user)
        shutil.copy(FLEET / "pg_hba.conf", data / "pg_hba.conf")
        with server.connect() as admin:
            admin.execute("CREATE DATABASE mlsec TEMPLATE template0")
            password = (key / "owner").read_text().strip()
            admin.execute(f"CREATE ROLE owner SUPERUSER LOGIN PASSWORD '{password}'")
            admin.execute((key / "logins.sql").read_bytes())
            admin.execute("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
            admin.execute("ALTER SYSTEM SET ssl = on")
            admin.execute("SELECT pg_reload_conf()")

    def url(self, service: str) -> str:
        """Give the URL that a service has, as it is from this machine."""
        lines = (self.folder / f"{service}.env").read_text().splitlines()
        url = dict(line.split("=", 1) for line in lines)["MLSEC_FLEET_DATABASE"]
        url = url.replace("@database/", f"@localhost:{self._server.port}/")
        return url.replace("/etc/mlsec/ca.pem", str(self.folder / "public" / "ca.pem"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = programs()
    if folder is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    server = Server(folder)
    try:
        yield Secured(server, tmp_path_factory.mktemp("fleet") / "secrets")
    finally:
        server.stop()


def test_each_service_gets_what_it_needs_over_tls_and_nobody_without(
    secured: Secured, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fleet", "init", "--roles", "--database", secured.url("migrate")]) == 0
    assert "mlsec_worker" in capsys.readouterr().err
    for service in ("worker", "planner"):
        with psycopg.connect(secured.url(service)) as connection:
            in_use = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert connection.execute(in_use).fetchone() == (True,)
            assert connection.execute("SELECT * FROM mlsec_fleet.unit").fetchall() == []
        in_clear = secured.url(service).replace("verify-full", "disable")
        with pytest.raises(psycopg.OperationalError, match="no encryption"):
            psycopg.connect(in_clear)
    other = secured.url("worker").replace("@localhost", "@other.example")
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        psycopg.connect(f"{other}&hostaddr=127.0.0.1")
    with (
        psycopg.connect(secured.url("worker")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DROP TABLE mlsec_fleet.unit")

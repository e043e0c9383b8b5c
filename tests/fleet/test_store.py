"""A store gives back what was put, and nothing else, from a folder or any cloud's bucket."""

from __future__ import annotations

import logging
import os
import stat
import uuid
from pathlib import Path

import boto3
import pyrage
import pytest
from moto.server import ThreadedMotoServer

from mlsec.core.errors import MlsecError
from mlsec.fleet.config import config_of
from mlsec.fleet.store import open_store
from mlsec.fleet.store.folder import Folder
from mlsec.fleet.store.sealing import Sealing
from mlsec.fleet.store.store import Store
from tests.model_files import azurite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"evidence " * 10_000)
    return path


def _store(tmp_path: Path, *recipients: str) -> Store:
    return Store(Folder(tmp_path / "store"), Sealing(recipients), "store")


def test_what_is_put_comes_back(tmp_path: Path, file: Path) -> None:
    store = _store(tmp_path)
    stored = store.put("1/2/3.mlsnap", file)
    with store.get(stored.name, stored.digest) as back:
        assert back.read_bytes() == file.read_bytes()
    assert list(store.list("1/")) == ["1/2/3.mlsnap"]
    store.delete(stored.name)
    store.delete(stored.name)
    assert list(store.list()) == []


def test_changed_object_is_refused(tmp_path: Path, file: Path) -> None:
    store = _store(tmp_path)
    stored = store.put("a", file)
    (tmp_path / "store" / "a").write_bytes(b"another")
    with pytest.raises(MlsecError, match="not what was put there"), store.get("a", stored.digest):
        pass


def test_object_that_is_not_there_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="cannot be read"), _store(tmp_path).get("a", ""):
        pass


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "", "a//b", "a\n"])
def test_name_that_leads_elsewhere_is_refused(tmp_path: Path, file: Path, name: str) -> None:
    with pytest.raises(MlsecError, match="is no name of an object"):
        _store(tmp_path).put(name, file)


def test_encrypted_object_is_read_with_the_key_alone(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    store = _store(tmp_path, str(identity.to_public()))
    monkeypatch.delenv("MLSEC_FLEET_IDENTITY", raising=False)
    stored = store.put("a.mlsnap", file)
    assert stored.name == "a.mlsnap.age"
    assert b"evidence" not in (tmp_path / "store" / stored.name).read_bytes()
    with pytest.raises(MlsecError, match="no file with an age secret key"):
        store.get(stored.name, stored.digest).__enter__()
    key = tmp_path / "key"
    key.write_text(f"# made today\n{identity}\n")
    monkeypatch.setenv("MLSEC_FLEET_IDENTITY", str(key))
    with store.get(stored.name, stored.digest) as back:
        assert back.read_bytes() == file.read_bytes()
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(MlsecError, match="cannot be decrypted"):
        store.get(stored.name, stored.digest).__enter__()


def test_file_that_a_killed_writer_left_is_no_object(tmp_path: Path, file: Path) -> None:
    store = _store(tmp_path)
    store.put("1/a", file)
    (tmp_path / "store" / "1" / "b.draft").write_bytes(b"half")
    assert list(store.list()) == ["1/a"]


def test_link_that_another_writer_made_leads_nowhere(tmp_path: Path, file: Path) -> None:
    store = _store(tmp_path)
    stored = store.put("1/a", file)
    victim = tmp_path / "victim"
    victim.write_bytes(file.read_bytes())
    draft, there = tmp_path / "store" / "1" / "b.draft", tmp_path / "store" / stored.name
    draft.symlink_to(victim)
    put = tmp_path / "another"
    put.write_bytes(b"another")
    store.put("1/b", put)
    assert victim.read_bytes() == file.read_bytes(), "what a link led to is not overwritten"
    there.unlink()
    there.symlink_to(victim)
    with pytest.raises(MlsecError, match="cannot be read"), store.get("1/a", stored.digest):
        pass
    there.unlink()
    os.mkfifo(there)
    with pytest.raises(MlsecError, match="it is no file"), store.get("1/a", stored.digest):
        pass


def test_every_folder_of_a_store_is_its_owners_alone(tmp_path: Path, file: Path) -> None:
    _store(tmp_path / "new").put("1/2/a", file)
    made = [tmp_path / "new", *(path for path in (tmp_path / "new").rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_bucket_of_s3_is_a_store(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        name = f"shards-{uuid.uuid4().hex}"
        boto3.client("s3").create_bucket(Bucket=name)
        _check(f"s3://{name}/nightly", file)
    finally:
        server.stop()


def test_container_of_azure_is_a_store(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"shards-{uuid.uuid4().hex}"
    azurite.container(name)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection())
    _check(f"az://acct/{name}/nightly", file)


def _check(address: str, file: Path) -> None:
    """Put, list, get and delete; what is gone is an error that says where."""
    known = {"organisation": "nordlicht", "targets": [{"target": "aws"}], "reports": "reports"}
    store = open_store(config_of(known | {"store": address}))
    stored = store.put("1/2/3.mlsnap", file)
    with store.get(stored.name, stored.digest) as back:
        assert back.read_bytes() == file.read_bytes()
    assert list(store.list("1/")) == ["1/2/3.mlsnap"]
    store.delete(stored.name)
    store.delete(stored.name)
    with (
        pytest.raises(MlsecError, match="the store cannot be used"),
        store.get(stored.name, stored.digest),
    ):
        pass

"""A store gives back what was put, and nothing else, from a folder or any cloud's bucket."""

from __future__ import annotations

import logging
import os
import stat
import uuid
from collections.abc import Iterator
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
from tests.fleet.cloud_storage import BUCKET, CloudStorage, cloud_storage
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


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
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
        yield f"s3://{name}/nightly"
    finally:
        server.stop()


@pytest.fixture
def az(monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"shards-{uuid.uuid4().hex}"
    azurite.container(name)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection())
    return f"az://acct/{name}/nightly"


@pytest.fixture
def gcs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    (tmp_path / "gcs").mkdir()
    with cloud_storage(tmp_path / "gcs") as (held, url):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
        yield held


@pytest.fixture
def gs(gcs: CloudStorage) -> str:
    del gcs
    return f"gs://{BUCKET}/nightly"


@pytest.fixture(params=["s3", "gs", "az"])
def address(request: pytest.FixtureRequest) -> str:
    """A prefix in an empty bucket of each cloud."""
    return str(request.getfixturevalue(request.param))


def _opened(address: str, *recipients: str) -> Store:
    known = {"organisation": "nordlicht", "targets": [{"target": "aws"}], "reports": "reports"}
    return open_store(config_of(known | {"store": address, "recipients": list(recipients)}))


def _refusal(store: Store, name: str, digest: str) -> str:
    with pytest.raises(MlsecError) as caught, store.get(name, digest):
        pass
    assert "\n" not in caught.value.message
    return caught.value.message


def test_bucket_of_a_cloud_is_a_store(address: str, file: Path) -> None:
    """Put, list, get and delete; what is gone is an error that says where."""
    store = _opened(address)
    stored = store.put("1/2/3.mlsnap", file)
    with store.get(stored.name, stored.digest) as back:
        assert back.read_bytes() == file.read_bytes()
    assert list(store.list("1/")) == ["1/2/3.mlsnap"]
    store.delete(stored.name)
    store.delete(stored.name)
    assert list(store.list()) == []
    assert _refusal(store, stored.name, stored.digest).startswith("the store cannot be used: ")


def test_object_that_is_written_again_is_no_longer_what_was_put(
    address: str, file: Path, tmp_path: Path
) -> None:
    store = _opened(address)
    stored = store.put("1/2/3.mlsnap", file)
    (tmp_path / "other").write_bytes(b"other")
    store.put("1/2/3.mlsnap", tmp_path / "other")
    assert "not what was put there" in _refusal(store, stored.name, stored.digest)


def test_encrypted_object_comes_back_from_a_bucket_of_a_cloud(
    address: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(identity))
    monkeypatch.setenv("MLSEC_FLEET_IDENTITY", str(tmp_path / "key"))
    store = _opened(address, str(identity.to_public()))
    stored = store.put("a.mlsnap", file)
    with store.get(stored.name, stored.digest) as back:
        assert back.read_bytes() == file.read_bytes()


def test_bucket_that_is_not_there_is_an_error_in_one_line(address: str, file: Path) -> None:
    place = address.replace("shards", "nothing")
    store = _opened(place)
    with pytest.raises(MlsecError, match="the store cannot be used: ") as caught:
        store.put("a", file)
    assert caught.value.location == f"{place}/a"
    assert "\n" not in caught.value.message
    with pytest.raises(MlsecError, match="the store cannot be used"):
        list(store.list())


def test_credentials_that_gcs_refuses_are_an_error_in_one_line(
    gcs: CloudStorage, gs: str, file: Path
) -> None:
    store = _opened(gs)
    stored = store.put("a", file)
    gcs.refuse = 403
    with pytest.raises(MlsecError, match="the store cannot be used: the credentials are refused"):
        store.put("b", file)
    assert "the credentials are refused" in _refusal(store, stored.name, stored.digest)


def test_download_of_gcs_that_is_cut_short_is_refused(
    gcs: CloudStorage, gs: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"evidence" * 100_000)
    store = _opened(gs)
    stored = store.put("a", tmp_path / "file")
    gcs.cut = 1000
    assert _refusal(store, stored.name, stored.digest)


def test_large_object_goes_to_gcs_in_parts_of_8_mib(
    gcs: CloudStorage, gs: str, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("wb") as made:
        made.truncate(20 << 20)
    store = _opened(gs)
    stored = store.put("a", tmp_path / "file")
    assert gcs.largest == 8 << 20
    with store.get(stored.name, stored.digest) as back:
        assert back.stat().st_size == 20 << 20

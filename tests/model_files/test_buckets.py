"""Buckets of three clouds: listed page by page, read by ranges of the version that was listed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import boto3
import google.auth.exceptions
import google.cloud.storage
import msgspec
import pytest
from moto.server import ThreadedMotoServer

from mlsec.collect.folders.entry import Entry, Listing, Store, StoreError
from mlsec.collect.folders.local import LocalStore
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.model_files.buckets.ranged import BLOCK_BYTES
from mlsec.model_files.stores import BUCKETS, open_store
from mlsec.vocabulary.types import Vocabulary
from tests.model_files import azurite, fake_stores
from tests.model_files.fake_stores import Blobs

SETTINGS = CollectSettings(vocabulary=Vocabulary(types={}, digest=""), tries=1)
CONTENT = {
    "live/a.bin": b"a" * 10,
    "live/b/c.pkl": bytes(range(256)) * 1024,
    "live/empty/": b"",
    "live/z é+.bin": b"z",
    "other/d.bin": b"d",
}


class World:
    """One store with content, and how its object can be replaced and refused."""

    def __init__(
        self,
        target: str,
        replace: Callable[[str, bytes], None],
        blobs: Blobs | None = None,
    ) -> None:
        self.target = target
        self.replace = replace
        self.blobs = blobs


@contextmanager
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    for key, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(key, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="models")
    for name, data in CONTENT.items():
        client.put_object(Bucket="models", Key=name, Body=data)
    try:
        yield World(
            "s3://models",
            lambda name, data: client.put_object(Bucket="models", Key=name, Body=data),
        )
    finally:
        client.close()
        server.stop()


@contextmanager
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    blobs = Blobs(CONTENT)
    with fake_stores.serve(fake_stores.gcs(blobs)) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
        yield World("gs://models", blobs.replace, blobs)


@contextmanager
def az(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    blobs = Blobs(CONTENT)
    with fake_stores.serve(fake_stores.azure(blobs)) as url:
        key = "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=a2V5"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"{key};BlobEndpoint={url}/acct;")
        yield World("az://acct/models", blobs.replace, blobs)


@contextmanager
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    client = azurite.container("models")
    for name, data in CONTENT.items():
        client.upload_blob(name, data)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection())
    try:
        yield World(
            "az://acct/models", lambda name, data: client.upload_blob(name, data, overwrite=True)
        )
    finally:
        client.close()


WORLDS: Mapping[str, Callable[[pytest.MonkeyPatch], AbstractContextManager[World]]] = {
    "s3": s3,
    "gs": gs,
    "az": az,
    "az, Azurite": emulator,
}


def test_every_kind_of_bucket_has_a_world() -> None:
    assert {name.partition(",")[0] for name in WORLDS} == set(BUCKETS)


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with WORLDS[request.param](monkeypatch) as found:
        yield found


def listed(world: World, prefix: str) -> tuple[Store, Listing]:
    store = open_store(f"{world.target}/{prefix}", SETTINGS)
    return store, store.listing()


def test_every_object_below_the_prefix_is_listed_once(world: World) -> None:
    _, found = listed(world, "live/")
    assert [(entry.path, entry.size_bytes) for entry in found.entries] == [
        ("a.bin", 10),
        ("b/c.pkl", 256 * 1024),
        ("z é+.bin", 1),
    ]
    assert [(item.id, item.reason) for item in found.skipped] == [
        (f"{world.target}/live/empty/", None)
    ]
    assert found.is_complete


def test_only_the_blocks_asked_for_are_fetched(world: World) -> None:
    store, found = listed(world, "live/b/")
    source = store.open(found.entries[0])
    assert source.read_at(3 * BLOCK_BYTES + 5, 3) == b"\x05\x06\x07"
    assert source.read_at(3 * BLOCK_BYTES, 2) == b"\x00\x01"
    assert source.bytes_read == BLOCK_BYTES


def test_whole_object_comes_as_it_was_stored(world: World) -> None:
    store, found = listed(world, "live/b/")
    (entry,) = found.entries
    source = store.open(entry)
    data = source.read_at(0, entry.size_bytes)
    assert hashlib.sha256(data).digest() == hashlib.sha256(CONTENT["live/b/c.pkl"]).digest()


def test_object_with_a_name_to_escape_can_be_read(world: World) -> None:
    store, found = listed(world, "live/z")
    assert store.open(found.entries[0]).read_at(0, 9) == b"z"


def test_object_replaced_after_listing_is_not_mixed_with_the_new_one(world: World) -> None:
    store, found = listed(world, "live/b/")
    source = store.open(found.entries[0])
    source.read_at(0, 1)
    world.replace("live/b/c.pkl", b"x" * 256 * 1024)
    with pytest.raises(StoreError, match="changed while it was read"):
        source.read_at(2 * BLOCK_BYTES, 1)


def test_missing_bucket_is_refused_with_its_address(world: World) -> None:
    target = world.target.replace("models", "nothing")
    with pytest.raises(MlsecError, match="there is no such") as caught:
        open_store(target, SETTINGS).listing()
    assert caught.value.location.rstrip("/") == target


@pytest.mark.parametrize("make", [gs, az])
def test_refused_content_names_what_to_allow(
    make: Callable[[pytest.MonkeyPatch], AbstractContextManager[World]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with make(monkeypatch) as world:
        assert world.blobs is not None
        world.blobs.refuse["live/a.bin"] = 403
        store, found = listed(world, "live/a")
        with pytest.raises(StoreError) as caught:
            store.open(found.entries[0]).read_at(0, 1)
    assert caught.value.reason is GapReason.DENIED
    assert caught.value.right


def test_blob_in_the_archive_is_told_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulator(monkeypatch) as world:
        client = azurite.container("archived")
        client.upload_blob("old.pkl", b"x")
        azurite.archive(client, "old.pkl")
        client.close()
        store, found = listed(World(world.target.replace("models", "archived"), world.replace), "")
        with pytest.raises(StoreError, match="rehydrate"):
            store.open(found.entries[0])


def test_listing_with_a_wrong_key_is_no_empty_container(monkeypatch: pytest.MonkeyPatch) -> None:
    with emulator(monkeypatch) as world:
        wrong = azurite.connection().replace("AccountKey=a2V5", "AccountKey=b3RoZXI=")
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
        _, found = listed(world, "live/")
    assert not found.is_complete
    assert [skipped.reason for skipped in found.skipped] == [GapReason.DENIED]


def test_s3_names_the_action_of_a_refused_read_and_of_a_refused_listing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    with fake_stores.serve(lambda *_: (403, {}, refusal)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        store = open_store("s3://models/live/", SETTINGS)
        found = store.listing()
        with pytest.raises(StoreError) as caught:
            store.open(Entry(id="s3://models/x", path="x", key="x", size_bytes=1)).read_at(0, 1)
    assert caught.value.right == "s3:GetObject"
    assert not found.is_complete
    assert "s3:ListBucket" in found.skipped[0].why


@pytest.mark.parametrize("scheme", sorted(BUCKETS))
def test_target_without_a_bucket_is_refused(scheme: str) -> None:
    with pytest.raises(MlsecError, match="names no"):
        open_store(f"{scheme}://", SETTINGS)


def test_credentials_that_run_out_while_an_object_is_read_are_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> bytes:
        raise google.auth.exceptions.RefreshError("invalid_grant")

    with gs(monkeypatch) as world:
        store = open_store(world.target, SETTINGS)
        entry = store.listing().entries[0]
        monkeypatch.setattr(google.cloud.storage.Blob, "download_as_bytes", refused)
        with pytest.raises(StoreError) as error:
            store.open(entry).read_at(0, 1)
    assert error.value.reason is GapReason.DENIED


WHOLE = base64.b64encode(hashlib.sha256(b"a" * 10).digest()).decode()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, hashlib.sha256(b"a" * 10).hexdigest()),
        ({"ChecksumType": "FULL_OBJECT"}, hashlib.sha256(b"a" * 10).hexdigest()),
        ({"ChecksumType": "COMPOSITE"}, ""),
        ({"ChecksumSHA256": f"{WHOLE}-3"}, ""),
        ({"ChecksumSHA256": WHOLE[:8]}, ""),
        ({"ETag": '"other"'}, None),
        ({"ContentLength": 11}, None),
    ],
)
def test_a_digest_of_s3_is_taken_of_this_very_whole_object_alone(
    changed: dict[str, object], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3(monkeypatch) as world:
        store = open_store(world.target, SETTINGS)
        listed = next(one for one in store.listing().entries if one.key == "live/a.bin")
        entry = msgspec.structs.replace(listed, has_sha256=True)
        answer = {"ETag": entry.etag, "ContentLength": 10, "ChecksumSHA256": WHOLE} | changed
        monkeypatch.setattr(store._client, "head_object", lambda **_: answer)
        if expected is None:
            with pytest.raises(StoreError, match="changed while it was read"):
                store.sha256(entry)
        else:
            assert store.sha256(entry) == expected


@pytest.mark.parametrize("cloud", ["s3", "gs", "az"])
def test_of_a_large_bucket_what_is_named_as_a_model_is_kept_and_the_rest_is_counted(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WORLDS[cloud](monkeypatch) as world:
        for number in range(6):
            world.replace(f"live/data/{number}.csv", b"1,2")
        for name in ("adapter.safetensors", "model.safetensors.index.json", "model.sig"):
            world.replace(f"other/{name}", b"{}")
        store = open_store(world.target, SETTINGS)
        assert not isinstance(store, LocalStore)
        store.most_objects = 3
        listing = store.listing()
    kept = [entry.path for entry in listing.entries]
    assert kept[:3] == ["live/a.bin", "live/b/c.pkl", "live/data/0.csv"]
    assert kept[3:] == [
        "other/adapter.safetensors",
        "other/model.safetensors.index.json",
        "other/model.sig",
    ]
    assert not listing.is_complete
    assert [item.reason for item in listing.skipped] == [GapReason.OVER_LIMIT]
    assert listing.skipped[0].why == (
        "folder: of 14 objects 8 were only counted: beyond 3, only what is named as a model,"
        " its index, bill or signature is read; scan prefixes of the bucket"
    )

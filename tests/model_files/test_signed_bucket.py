"""Signed models in buckets: verified where they lie, and nothing is believed that was not read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Self

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from moto.server import ThreadedMotoServer

from mlsec.artifacts.bytes.window import Source
from mlsec.collect.folders.entry import Entry, Listing, StoreError
from mlsec.core.enums import GapReason
from mlsec.model_files.buckets.hashing import RANGE_BYTES, TRIES, hash_objects
from mlsec.model_files.buckets.ranged import RangedSource
from mlsec.signing.api import load_policy
from mlsec.signing.files.hash_plan import HashPlan
from mlsec.signing.signer.sign import SigningOptions
from mlsec.signing.verdicts.verdict import Answer, Outcome
from tests.model_files.fake_stores import Blobs
from tests.model_files.signed_place import POLICY, WEIGHTS, Place, told
from tests.signing.make_oci import WEIGHTS as LAYER
from tests.signing.make_oci import LayoutMaker, key_annotations, simple_signing
from tests.signing.workshop import FILES, RELEASE, Workshop


def test_model_in_a_bucket_is_verified_by_its_bytes(place: Place) -> None:
    place.upload()
    verdict = place.verify()
    assert verdict.answer is Answer.VERIFIED
    assert verdict.target == place.target.rstrip("/")
    assert {file.path for file in verdict.files} == set(FILES)
    assert verdict.bytes_hashed == sum(map(len, FILES.values()))


@pytest.mark.parametrize(
    "how",
    [
        SigningOptions(shard_bytes=1_000_000),
        SigningOptions(hash_name="blake2b"),
        SigningOptions(hash_name="blake2b", shard_bytes=RANGE_BYTES - 1),
    ],
)
def test_files_hashed_in_parts_or_otherwise_are_cut_the_same_way(
    how: SigningOptions, s3: Place
) -> None:
    s3.shop.write("long.bin", bytes(range(251)) * (2 * RANGE_BYTES // 251))
    s3.upload(how)
    assert s3.verify().answer is Answer.VERIFIED
    s3.blobs.replace("prod/chat/long.bin", b"\0" * len(s3.blobs.content["prod/chat/long.bin"]))
    assert "files/unchanged" in told(s3.verify())


def test_changed_object_fails(place: Place) -> None:
    place.upload()
    place.blobs.replace(WEIGHTS, b"WEIGHTS" * 40)
    verdict = place.verify()
    assert verdict.answer is Answer.FAILED
    assert told(verdict)["files/unchanged"].file == "model.safetensors"


def test_missing_object_fails(place: Place) -> None:
    place.upload()
    del place.blobs.content[WEIGHTS]
    assert told(place.verify())["files/present"].file == "model.safetensors"


def test_object_that_nobody_signed_fails(place: Place) -> None:
    place.upload()
    place.blobs.replace("prod/chat/sub/run.py", b"import os")
    assert told(place.verify())["files/all-signed"].file == "sub/run.py"


def test_extra_objects_follow_the_policy_as_files_do(place: Place) -> None:
    place.upload()
    place.blobs.replace("prod/chat/.gitattributes", b"* lfs")
    place.blobs.replace("prod/chat/README.md", b"# chat")
    assert told(place.verify()).keys() == {"files/all-signed"}
    place.trust.write_text(place.trust.read_text() + "    may_ignore: [README.md]\n")
    assert place.verify().answer is Answer.VERIFIED


def test_refused_object_leaves_the_verdict_open(place: Place) -> None:
    place.upload()
    place.blobs.refuse[WEIGHTS] = 403
    verdict = place.verify()
    assert verdict.answer is Answer.INCOMPLETE
    check = told(verdict)["files/readable"]
    assert (check.outcome, check.file) == (Outcome.NOT_CHECKED, "model.safetensors")
    assert check.actual
    assert check.fix.startswith("allow ")
    assert "files/unchanged" not in {one.id for one in verdict.checks}


def test_refused_signature_leaves_the_verdict_open(place: Place) -> None:
    place.upload()
    place.blobs.refuse["prod/chat/model.sig"] = 403
    verdict = place.verify()
    assert verdict.answer is Answer.INCOMPLETE
    assert told(verdict)["signature/readable"].actual


def test_object_replaced_after_listing_leaves_the_verdict_open(place: Place) -> None:
    place.upload()
    same = place.blobs.content[WEIGHTS]
    place.blobs.when_read["prod/chat/model.sig"] = lambda: place.blobs.replace(WEIGHTS, same)
    verdict = place.verify()
    assert verdict.answer is Answer.INCOMPLETE
    assert told(verdict)["files/readable"].actual == "changed while it was read"


def test_object_added_while_others_are_read_leaves_the_verdict_open(place: Place) -> None:
    place.upload()
    place.blobs.when_read[WEIGHTS] = lambda: place.blobs.replace("prod/chat/late.py", b"import os")
    verdict = place.verify()
    assert verdict.answer is Answer.INCOMPLETE
    assert told(verdict)["files/kept-still"].actual == "prod/chat/late.py"


def test_archived_object_leaves_the_verdict_open(place: Place) -> None:
    place.upload()
    place.blobs.archived.add(WEIGHTS)
    verdict = place.verify()
    if place.root.startswith("gs"):  # that store gives what lies in its archive class at once
        assert verdict.answer is Answer.VERIFIED
    else:
        assert verdict.answer is Answer.INCOMPLETE
        assert "lies in" in told(verdict)["files/readable"].actual


@pytest.mark.parametrize(("failures", "is_read"), [(TRIES - 1, True), (TRIES, False)])
def test_range_that_timed_out_is_asked_for_again(failures: int, is_read: bool) -> None:
    entry = Entry(id="s3://models/x", path="x", size_bytes=2)
    found = hash_objects(Flaky(failures), {"x": entry}, HashPlan(), None)["x"]
    assert bool(found.digests) is is_read
    assert bool(found.problem) is not is_read


class Flaky:
    """A bucket of one object of two bytes whose first answers never come."""

    root = "s3://models"
    prefix = ""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def open(self, entry: Entry) -> Source:
        return RangedSource(self._fetch, entry.size_bytes)

    def _fetch(self, offset: int, length: int) -> bytes:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreError(GapReason.TIMEOUT, "no answer")
        return b"xy"[offset : offset + length]

    def at(self, prefix: str) -> Self:
        raise NotImplementedError(prefix)

    def sha256(self, entry: Entry) -> str:
        raise NotImplementedError(entry)

    def listing(self) -> Listing:
        raise NotImplementedError

    def close(self, source: Source) -> None:
        raise NotImplementedError


def test_store_s_own_digest_spares_the_bytes(s3: Place) -> None:
    s3.upload()
    s3.blobs.kept_sha256 = {f"prod/chat/{name}": "FULL_OBJECT" for name in FILES}
    verdict = s3.verify()
    assert verdict.answer is Answer.VERIFIED
    assert verdict.bytes_hashed == 0
    assert s3.blobs.sent.keys() == {"prod/chat/model.sig"}
    (check,) = (one for one in verdict.checks if one.id == "files/store-digest")
    assert check.actual == "3 files"


def test_changed_object_fails_by_the_store_s_own_digest(s3: Place) -> None:
    s3.upload()
    s3.blobs.kept_sha256[WEIGHTS] = "FULL_OBJECT"
    s3.blobs.replace(WEIGHTS, b"WEIGHTS" * 40)
    assert told(s3.verify()).keys() == {"files/unchanged"}
    assert WEIGHTS not in s3.blobs.sent


def test_digest_over_the_parts_of_an_upload_is_not_taken(s3: Place) -> None:
    s3.upload()
    s3.blobs.kept_sha256[WEIGHTS] = "COMPOSITE"
    assert s3.verify().answer is Answer.VERIFIED
    assert s3.blobs.sent[WEIGHTS] == len(FILES["model.safetensors"])


def test_refused_or_replaced_object_is_not_judged_by_a_digest(s3: Place) -> None:
    s3.upload()
    s3.blobs.kept_sha256[WEIGHTS] = "FULL_OBJECT"
    s3.blobs.refuse[WEIGHTS] = 403
    assert s3.verify().answer is Answer.INCOMPLETE
    s3.blobs.refuse.clear()
    same = s3.blobs.content[WEIGHTS]
    s3.blobs.when_read["prod/chat/model.sig"] = lambda: s3.blobs.replace(WEIGHTS, same)
    assert s3.verify().answer is Answer.INCOMPLETE


def test_moto_s_digest_of_an_upload_is_the_one_of_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    with monkeypatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="models")
        place = Place("s3://models", tmp_path, Blobs({}))
        place.upload()
        for name, data in place.blobs.content.items():
            client.put_object(Bucket="models", Key=name, Body=data, ChecksumAlgorithm="SHA256")
        verdict = place.verify()
        client.close()
    server.stop()
    assert verdict.answer is Answer.VERIFIED
    assert verdict.bytes_hashed == 0


def test_address_without_last_slash_is_the_same_folder(place: Place) -> None:
    place.upload()
    assert place.verify(place.target.rstrip("/")).answer is Answer.VERIFIED


def test_signature_beside_the_folder_counts(place: Place) -> None:
    place.upload()
    place.blobs.replace("prod/chat.sig", place.blobs.content.pop("prod/chat/model.sig"))
    place.blobs.replace("prod/chat.old/chat.sig", b"{}")
    verdict = place.verify()
    assert verdict.answer is Answer.VERIFIED
    assert verdict.signature_files == (f"{place.root}/prod/chat.sig",)


def test_one_object_is_a_model_of_one_file(place: Place, tmp_path: Path) -> None:
    single = Workshop(tmp_path / "single").folder / "chat.gguf"
    single.write_bytes(b"GGUF" * 99)
    place.shop.model = single
    place.shop.sign(to=tmp_path / "chat.gguf.sig")
    place.blobs.replace("prod/chat.gguf", single.read_bytes())
    place.blobs.replace("prod/chat.gguf.sig", (tmp_path / "chat.gguf.sig").read_bytes())
    assert place.verify(f"{place.root}/prod/chat.gguf").answer is Answer.VERIFIED
    place.blobs.replace("prod/chat.gguf", b"GGML" * 99)
    assert place.verify(f"{place.root}/prod/chat.gguf").answer is Answer.FAILED


def test_image_layout_is_verified_where_it_lies(place: Place) -> None:
    maker = LayoutMaker(place.folder / "layout")
    artifact = maker.model()
    payload = simple_signing(artifact["digest"])
    signature = RELEASE.sign(payload, ec.ECDSA(hashes.SHA256()))
    maker.add_cosign(payload, key_annotations(signature), artifact)
    for path in maker.folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(maker.folder).as_posix()
            place.blobs.replace(f"prod/image/{name}", path.read_bytes())
    target = f"{place.root}/prod/image/"
    assert place.verify(target).answer is Answer.VERIFIED
    weights = f"prod/image/blobs/sha256/{hashlib.sha256(LAYER).hexdigest()}"
    place.blobs.refuse[weights] = 403
    assert place.verify(target).answer is Answer.INCOMPLETE
    place.blobs.refuse = {"prod/image/index.json": 403}
    assert place.verify(target).answer is Answer.INCOMPLETE
    place.blobs.refuse.clear()
    place.blobs.replace(weights, LAYER[::-1])
    assert told(place.verify(target)).keys() == {"files/unchanged"}


def test_policy_entry_of_the_folder_itself_comes_before_one_of_its_content(s3: Place) -> None:
    s3.trust.write_text(POLICY.format(uri="s3://models/prod/chat/*"))
    policy = load_policy(s3.trust)
    assert policy.select("s3://models/prod/chat/") is not None
    assert policy.select("s3://models/prod/chatter/") is None
    own = POLICY.format(uri="s3://models/prod/chat").partition("models:\n")[2]
    s3.trust.write_text(s3.trust.read_text() + own + "    name: own\n")
    rule = load_policy(s3.trust).select("s3://models/prod/chat/")
    assert rule is not None
    assert rule.name == "own"


def test_model_that_the_policy_does_not_name_is_not_trusted(place: Place) -> None:
    place.upload()
    place.trust.write_text(POLICY.format(uri=f"{place.root}/test/*"))
    assert told(place.verify()).keys() == {"policy/names-the-model"}

"""A signed model in a bucket of each cloud, served on loopback, and what verifying says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsec.collect.folders.entry import Bucket
from mlsec.collect.settings import CollectSettings
from mlsec.model_files.buckets.discovery import model_at
from mlsec.model_files.signatures import Signatures, read_far_signatures
from mlsec.model_files.stores import open_bucket
from mlsec.signing.api import load_policy, verify_model
from mlsec.signing.signer.sign import DEFAULT_OPTIONS, SigningOptions
from mlsec.signing.verdicts.verdict import Check, Verdict
from mlsec.vocabulary.types import Vocabulary
from tests.model_files import fake_stores
from tests.model_files.fake_stores import Blobs
from tests.signing.workshop import NOW, Workshop

SETTINGS = CollectSettings(vocabulary=Vocabulary(types={}, digest=""), tries=1)
WEIGHTS = "prod/chat/model.safetensors"
POLICY = """\
version: 1
anchors:
  release: {{type: key, pem: release.pub}}
models:
  - match: {{uri: "{uri}"}}
    require: {{signers: [{{anchor: release}}]}}
"""
ROOTS = {"s3": "s3://models", "gs": "gs://models", "az": "az://acct/models"}
FAKES: Mapping[str, Callable[[Blobs], Callable[..., fake_stores.Answer]]] = {
    "s3": fake_stores.s3,
    "gs": fake_stores.gcs,
    "az": fake_stores.azure,
}


class Place:
    """A model that was signed on disk and then uploaded to one kind of bucket."""

    def __init__(self, root: str, folder: Path, blobs: Blobs) -> None:
        self.root, self.folder, self.blobs = root, folder, blobs
        self.target = f"{root}/prod/chat/"
        self.shop = Workshop(folder)
        self.trust = folder / "trust.yaml"
        self.trust.write_text(POLICY.format(uri=f"{root}/prod/*"))

    def upload(self, how: SigningOptions = DEFAULT_OPTIONS) -> None:
        self.shop.sign(how=how)
        for path in self.shop.model.rglob("*"):
            if path.is_file():
                name = path.relative_to(self.shop.model).as_posix()
                self.blobs.replace(f"prod/chat/{name}", path.read_bytes())
        self.blobs.replace("prod/chatter/other.bin", b"of another model")

    def bucket(self, target: str = "") -> Bucket:
        return open_bucket(target or self.target, SETTINGS)

    def verify(self, target: str = "") -> Verdict:
        return verify_model(model_at(self.bucket(target)), load_policy(self.trust), now=NOW)

    def scanned(self, target: str, trust: Path | None) -> dict[str, Signatures]:
        """What a scan of a target keeps of signatures, by the folder relative to it."""
        bucket = self.bucket(target)
        found = read_far_signatures(bucket, bucket.listing(), trust)
        return {one.folder: one for one in found}


@contextmanager
def placed(scheme: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    blobs = Blobs({})
    with fake_stores.serve(FAKES[scheme](blobs)) as url:
        key = "DefaultEndpointsProtocol=http;AccountName=acct;AccountKey=a2V5"
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1", "STORAGE_EMULATOR_HOST": url,
            "GOOGLE_CLOUD_PROJECT": "p",
            "AZURE_STORAGE_CONNECTION_STRING": f"{key};BlobEndpoint={url}/acct;",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield Place(ROOTS[scheme], folder, blobs)


def told(verdict: Verdict) -> dict[str, Check]:
    """The fatal checks that did not hold, by id."""
    return {check.id: check for _, check in verdict.unmet() if check.is_fatal}

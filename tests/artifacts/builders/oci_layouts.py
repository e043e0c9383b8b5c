"""OCI layouts in a tar: blobs named by their digests, layers of models and of images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from tests.artifacts.builders.compressed_files import gz
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, GOOD_PICKLE, elf
from tests.artifacts.builders.tars import header, member, tar

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MODEL_LAYER = "application/vnd.cncf.model.weight.v1.tar"


def descriptor(kind: str, data: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return {"mediaType": kind, "digest": digest, "size": len(data)}


def blob(data: bytes, content: bytes | None = None) -> bytes:
    name = f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"
    return member(name.encode(), data if content is None else content)


def layout(kind: str, layer: bytes, *, instead: bytes | None = None) -> bytes:
    """A layout of one manifest with one layer; ``instead`` is what lies under its digest."""
    config = b"{}"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.empty.v1+json", config),
            "layers": [descriptor(kind, layer)],
        }
    ).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [descriptor(MANIFEST, manifest)]})
    return tar(
        member(b"oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
        member(b"index.json", index.encode()),
        blob(manifest),
        blob(config),
        blob(layer, instead),
    )


def image_layer() -> bytes:
    return gz(
        tar(
            member(b"usr/bin/tool", elf()),
            header(b"usr/bin/sh", kind=b"2", target=b"/bin/dash"),
            member(b"model/m.pkl", GOOD_PICKLE),
        )
    )


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "oci/model-layer-payload": lambda: layout(
        MODEL_LAYER, tar(member(b"model.pkl", EVIL_PICKLE_2))
    ),
    "oci/image-layer-payload": lambda: layout(
        IMAGE_LAYER, gz(tar(member(b"model/m.pkl", EVIL_PICKLE_2)))
    ),
    "oci/raw-layer-payload": lambda: layout("application/octet-stream", EVIL_PICKLE_2),
    "oci/other-content": lambda: layout(MODEL_LAYER, GOOD_PICKLE, instead=GOOD_PICKLE + b"\n"),
    "oci/index-is-no-text": lambda: tar(
        member(b"index.json", b'{"manifests": "\xff"}'), blob(EVIL_PICKLE_2)
    ),
    "oci/model-layer-program": lambda: layout(MODEL_LAYER, tar(member(b"run", elf()))),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "oci/model": lambda: layout(MODEL_LAYER, tar(member(b"model.pkl", GOOD_PICKLE))),
    "oci/image": lambda: layout(IMAGE_LAYER, image_layer()),
}

"""Writes OCI image layouts: an artifact, and signatures of the usual tools beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from tests.signing.make_log import b64

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
WEIGHTS = b"layer with the weights"
REF_NAME = "org.opencontainers.image.ref.name"


class LayoutMaker:
    """One layout in a folder; what is added lands in its index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listed: list[dict[str, Any]] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self._write_index()

    def _write_index(self) -> None:
        index = {"schemaVersion": 2, "manifests": self.listed}
        (self.folder / "index.json").write_text(json.dumps(index))

    def blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Store content; give its descriptor."""
        name = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs" / "sha256" / name).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(data)}

    def manifest(
        self,
        *layers: dict[str, Any],
        artifact_type: str = "",
        subject: dict[str, Any] | None = None,
        ref_name: str = "",
        is_listed: bool = True,
    ) -> dict[str, Any]:
        """Store a manifest over ``layers`` and list it in the index."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(b"{}", EMPTY),
            "layers": list(layers),
        }
        if artifact_type:
            document["artifactType"] = artifact_type
        if subject:
            document["subject"] = subject
        found = self.blob(json.dumps(document).encode(), MANIFEST)
        if is_listed:
            self.list(found, ref_name)
        return found

    def list(self, descriptor: dict[str, Any], ref_name: str = "") -> None:
        entry = dict(descriptor)
        if ref_name:
            entry["annotations"] = {REF_NAME: ref_name}
        self.listed.append(entry)
        self._write_index()

    def model(self, weights: bytes = WEIGHTS, ref_name: str = "v1") -> dict[str, Any]:
        layer = self.blob(weights, "application/vnd.oci.image.layer.v1.tar")
        return self.manifest(layer, ref_name=ref_name)

    def add_notary(self, envelope: dict[str, Any], subject: dict[str, Any]) -> dict[str, Any]:
        layer = self.blob(json.dumps(envelope).encode(), "application/jose+json")
        return self.manifest(
            layer, artifact_type="application/vnd.cncf.notary.signature", subject=subject
        )

    def add_cosign(
        self, payload: bytes, annotations: dict[str, str], subject: dict[str, Any]
    ) -> dict[str, Any]:
        """A signature where cosign files it: under a tag made of the subject's digest."""
        layer = self.blob(payload, SIMPLE_SIGNING) | {"annotations": annotations}
        tag = subject["digest"].replace(":", "-") + ".sig"
        return self.manifest(layer, ref_name=tag)

    def add_bundle(self, bundle: dict[str, Any], subject: dict[str, Any]) -> dict[str, Any]:
        kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
        layer = self.blob(json.dumps(bundle).encode(), kind)
        return self.manifest(layer, artifact_type=kind, subject=subject)


def simple_signing(digest: str, reference: str = "registry.example/chat") -> bytes:
    """The payload that cosign signs."""
    return json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": reference},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": None,
        }
    ).encode()


def cosign_annotations(bundle: dict[str, Any], certificate_pem: str = "") -> dict[str, str]:
    """What cosign keeps of a bundle: signature, certificate, and the log's promise."""
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    promise = {
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": int(entry["integratedTime"]),
            "logIndex": int(entry["logIndex"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
        },
    }
    notes = {
        "dev.cosignproject.cosign/signature": bundle["messageSignature"]["signature"],
        "dev.sigstore.cosign/bundle": json.dumps(promise),
    }
    if certificate_pem:
        notes["dev.sigstore.cosign/certificate"] = certificate_pem
    return notes


def key_annotations(signature: bytes) -> dict[str, str]:
    return {"dev.cosignproject.cosign/signature": b64(signature)}

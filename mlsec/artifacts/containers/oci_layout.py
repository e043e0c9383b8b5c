"""OCI image layouts in one archive: blobs named by digest, layers of models and of images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.artifacts.archives.archive import Archive
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason
from mlsec.core.regex import regex

BLOB = regex(r"(?:^|/)blobs/(?P<algorithm>sha256|sha512)/(?P<digest>[0-9a-f]{64,128})\Z")
INDEX_BYTES = 4 << 20
HASHED_BYTES = 64 << 20
IMAGE_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")


def is_oci_layout(archive: Archive) -> bool:
    """Whether the archive has the index and the blobs of a layout."""
    return "index.json" in archive and any(BLOB.search(name) for name in archive.names())


def read_oci_layout(archive: Archive, record: Recorder) -> None:
    """Check each blob against its name; read the layers of images as what they are.

    A layer that a manifest calls a layer of a container image holds programs and links, as it
    should; any other blob is read like a file beside a model.
    """
    kinds = _media_types(archive)
    for member in archive.members:
        blob = BLOB.search(member.name)
        if not blob:
            continue
        with member.open() as window:
            check_digest(member.name, window, record.inner(member.name))
            if kinds.get(blob["digest"], "").startswith(IMAGE_LAYERS):
                _read_image_layer(member.name, window, record)
                archive.done(member)


def _read_image_layer(name: str, window: Window, record: Recorder) -> None:
    before = record.is_image
    record.is_image = True
    record.member(name, window)
    record.is_image = before


def check_digest(name: str, window: Window, record: Recorder) -> None:
    """Note content whose digest differs from its name; large blobs are not hashed here."""
    blob = BLOB.search(name)
    if not blob:
        return
    if window.size_bytes > HASHED_BYTES:
        record.gap(GapReason.OVER_LIMIT, f"its digest was not checked: over {HASHED_BYTES} bytes")
        return
    hashed = hashlib.new(blob["algorithm"], usedforsecurity=True)
    for block in window.blocks():
        hashed.update(block)
    if hashed.hexdigest() != blob["digest"]:
        detail = f"its content has the digest {hashed.hexdigest()}"
        record.fact(FactKind.TWO_READINGS, blob["digest"], detail)


def _media_types(archive: Archive) -> dict[str, str]:
    """The digest and media type of everything that the index leads to; each is read once."""
    kinds = dict[str, str]()
    waiting, seen = ["index.json"], {"index.json"}
    for name in waiting:  # it grows on the way
        for algorithm, value, kind in _parts(archive, name):
            kinds[value] = kind
            blob = f"blobs/{algorithm}/{value}"
            if ("manifest" in kind or "index" in kind) and blob not in seen:
                seen.add(blob)
                waiting.append(blob)
    return kinds


def _parts(archive: Archive, name: str) -> Iterator[tuple[str, str, str]]:
    """Algorithm, digest and media type of what an index or a manifest names."""
    if name not in archive:
        return
    try:
        result = msgspec.json.decode(archive.content(name, INDEX_BYTES))
    except (ArtifactError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # the blob itself is read as any other, and reported where it is broken
    for part in _descriptors(result):
        digest, kind = part.get("digest"), part.get("mediaType")
        if isinstance(digest, str) and isinstance(kind, str):
            algorithm, _, value = digest.partition(":")
            yield algorithm, value, kind


def _descriptors(value: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(value, dict):
        return
    for key in ("manifests", "layers"):
        listed = value.get(key)
        yield from (
            (part for part in listed if isinstance(part, dict)) if isinstance(listed, list) else ()
        )

"""The blobs of an image layout against the digests that name them, and what nothing refers to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.signing.content.comparison import by_store, bytes_read
from mlsec.signing.content.unsigned_files import AllowedExtras, unsigned
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.files.listing import FileState, Listing
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.descriptor import Descriptor
from mlsec.signing.oci.layout import OciLayout
from mlsec.signing.verdicts.verdict import Check, SignedFile, failed, not_checked, passed

_MARKERS = ("oci-layout", "index.json")


class BlobsCompared(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing found; ``files`` are the blobs whose bytes are as signed."""

    checks: tuple[Check, ...]
    files: tuple[SignedFile, ...]
    signed: int
    found: int
    bytes_hashed: int


def compare_blobs(
    opened: ModelFiles,
    layout: OciLayout,
    allowed: AllowedExtras,
    limit: int,
    progress: Progress | None,
) -> BlobsCompared:
    """Hash every blob that an artifact vouches for, and account for everything else.

    Raises:
        SigningError: the layout cannot be listed, or holds more than ``limit`` names.
    """
    wanted: dict[str, Descriptor] = {}
    for artifact in layout.artifacts:
        wanted.update({one.path: one for one in layout.reached_from(artifact).values()})
    listing = opened.listing(limit)
    hashed = _hash(opened, listing, wanted, progress)
    files: list[SignedFile] = []
    checks: list[Check] = []
    for path, descriptor in sorted(wanted.items()):
        bad = _judge(hashed.get(path), descriptor, path)
        if bad is not None:
            checks.append(bad)
            continue
        files.append(
            SignedFile(
                path=path,
                algorithm=descriptor.algorithm,
                digest=descriptor.digest.partition(":")[2],
                size_bytes=descriptor.size,
            )
        )
    if not checks:
        checks.append(passed("files/unchanged", "every blob is as signed"))
    checks += unsigned(listing, wanted, {}, allowed)
    checks += opened.moved(listing)
    checks += by_store(hashed.values())
    return BlobsCompared(
        checks=tuple(checks),
        files=tuple(files),
        signed=len(wanted),
        found=len(listing.found),
        bytes_hashed=bytes_read(hashed.values()),
    )


def metadata_paths(layout: OciLayout) -> frozenset[str]:
    """Where a layout keeps its index, and signatures, attestations and lists of them."""
    reached = {digest for one in layout.artifacts for digest in layout.reached_from(one)}
    beside = {
        one.path
        for manifest in layout.manifests.values()
        if manifest.descriptor.digest not in reached
        for one in (manifest.descriptor, *manifest.content)
    }
    return frozenset({*_MARKERS, *beside})


def _hash(
    opened: ModelFiles,
    listing: Listing,
    wanted: Mapping[str, Descriptor],
    progress: Progress | None,
) -> dict[str, HashedFile]:
    stamps = listing.files()
    found: dict[str, HashedFile] = {}
    for algorithm in sorted({one.algorithm for one in wanted.values()}):
        there: dict[str, FileState] = {
            path: stamps[path]
            for path, one in wanted.items()
            if one.algorithm == algorithm and path in stamps
        }
        found.update(opened.hashed(there, HashPlan(hash_name=algorithm), progress))
    return found


def _judge(found: HashedFile | None, descriptor: Descriptor, path: str) -> Check | None:
    if found is None:
        return failed("files/present", "a signed blob is missing", file=path)
    if found.has_changed:
        return failed("files/kept-still", "a blob changed while it was read", file=path)
    if found.problem:
        what = f"a blob was not compared: {found.problem}"
        check = not_checked("files/readable", what, actual=found.detail, fix=found.fix)
        return msgspec.structs.replace(check, file=path)
    actual = found.digests[0].hex()
    if (found.size_bytes, actual) == (descriptor.size, descriptor.digest.partition(":")[2]):
        return None
    return failed(
        "files/unchanged",
        "a blob is not the one that was signed",
        file=path,
        expected=descriptor.digest,
        actual=f"{descriptor.algorithm}:{actual}",
        fix="fetch the artifact again",
    )

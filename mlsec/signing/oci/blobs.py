"""The blobs of an image layout, compared with the digests that name them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.signing.content.comparison import Comparison, complete_comparison, hash_problem
from mlsec.signing.content.task import VerificationTask
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress
from mlsec.signing.files.listing import Listing
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.oci.descriptor import Descriptor
from mlsec.signing.oci.layout import OciLayout
from mlsec.signing.verdicts.verdict import Check, SignedFile, failed, passed

_MARKERS = ("oci-layout", "index.json")


def compare_blobs(opened: ModelFiles, layout: OciLayout, task: VerificationTask) -> Comparison:
    """Hash every blob that an artifact vouches for, and account for everything else.

    Raises:
        SigningError: the layout cannot be listed, or holds too many names.
    """
    signed: dict[str, Descriptor] = {}
    for artifact in layout.artifacts:
        signed.update({blob.path: blob for blob in layout.reached_from(artifact).values()})
    listing = opened.listing(task.policy.defaults.entries)
    hashed = _hash(opened, listing, signed, task.progress)
    files: list[SignedFile] = []
    checks: list[Check] = []
    for path, descriptor in sorted(signed.items()):
        problem = _problem(hashed.get(path), descriptor, path)
        if problem is not None:
            checks.append(problem)
        else:
            algorithm, _, digest = descriptor.digest.partition(":")
            files.append(SignedFile(path, algorithm, digest, descriptor.size))
    if not checks:
        checks.append(passed("files/unchanged", "every blob is unchanged"))
    allowed = msgspec.structs.replace(task.allowed_extras(), signatures=_metadata_paths(layout))
    return complete_comparison(
        opened, listing, hashed, checks, files, signed=signed, allowed=allowed
    )


def _metadata_paths(layout: OciLayout) -> frozenset[str]:
    """Return where a layout keeps its index, and signatures, attestations and lists of them."""
    reached = {digest for artifact in layout.artifacts for digest in layout.reached_from(artifact)}
    beside = {
        descriptor.path
        for manifest in layout.manifests.values()
        if manifest.descriptor.digest not in reached
        for descriptor in (manifest.descriptor, *manifest.content)
    }
    return frozenset({*_MARKERS, *beside})


def _hash(
    opened: ModelFiles,
    listing: Listing,
    signed: Mapping[str, Descriptor],
    progress: Progress | None,
) -> dict[str, HashedFile]:
    states = listing.files()
    hashed: dict[str, HashedFile] = {}
    for algorithm in sorted({descriptor.algorithm for descriptor in signed.values()}):
        present = {
            path: states[path]
            for path, descriptor in signed.items()
            if descriptor.algorithm == algorithm and path in states
        }
        hashed.update(opened.hashed(present, HashPlan(hash_name=algorithm), progress))
    return hashed


def _problem(file: HashedFile | None, descriptor: Descriptor, path: str) -> Check | None:
    if file is None:
        return failed("files/present", "a signed blob is missing", file=path)
    if problem := hash_problem(file):
        return problem
    actual = f"{descriptor.algorithm}:{file.digests[0].hex()}"
    if (file.size_bytes, actual) == (descriptor.size, descriptor.digest):
        return None
    return failed(
        "files/unchanged",
        "a blob differs from the one that was signed",
        file=path,
        expected=descriptor.digest,
        actual=actual,
        fix="fetch the artifact again",
    )

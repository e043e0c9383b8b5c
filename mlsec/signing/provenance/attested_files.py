"""A model that has no signature of its own, file by file against what was attested of its build."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mlsec.signing.content.comparison import Comparison, by_store, bytes_read
from mlsec.signing.content.unsigned_files import AllowedExtras, unreadable, unsigned
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.provenance.attestations import ambiguous_files, unattested_files
from mlsec.signing.provenance.slsa import BuildProvenance
from mlsec.signing.verdicts.verdict import Check, SignedFile, failed, passed


def compare_with_attestations(
    opened: ModelFiles,
    accepted: Sequence[BuildProvenance],
    allowed: AllowedExtras,
    limit: int,
    progress: Progress | None,
) -> Comparison:
    """Hash every file that an attestation names, and account for everything else.

    Raises:
        SigningError: the model cannot be listed, or holds more than ``limit`` names.
    """
    listing = opened.listing(limit)
    names = {name for built in accepted for name, _ in built.subjects}
    wanted = {
        path: stamp
        for path, stamp in listing.files().items()
        if path not in allowed.signatures and {path, path.rpartition("/")[2]} & names
    }
    hashed = opened.hashed(wanted, HashPlan(hash_name="sha256"), progress)
    read = {path: one for path, one in hashed.items() if not one.problem}
    digests = {path: one.digests[0].hex() for path, one in read.items()}
    strange = set(unattested_files(accepted, digests))
    alike = set(ambiguous_files(accepted, digests)) - strange
    checks = [_unread(one) for path, one in sorted(hashed.items()) if path not in read]
    checks += [_strange(path, digests[path]) for path in sorted(strange)]
    checks += [_alike(path) for path in sorted(alike)]
    if not wanted:
        checks.append(failed("files/present", "no file of the model is one that was attested"))
    if not checks:
        checks.append(passed("files/unchanged", "every attested file is as it was built"))
    checks += unsigned(listing, wanted, {}, allowed)
    checks += opened.moved(listing)
    checks += by_store(hashed.values())
    files = tuple(
        SignedFile(
            path=path, algorithm="sha256", digest=digests[path], size_bytes=read[path].size_bytes
        )
        for path in sorted(digests.keys() - strange - alike)
    )
    return Comparison(
        checks=tuple(checks),
        files=files,
        found=len(listing.found),
        bytes_hashed=bytes_read(hashed.values()),
    )


def root_of(files: Sequence[SignedFile]) -> str:
    """The digest that the standard's manifest over these files would have."""
    total = hashlib.sha256()
    for one in sorted(files, key=lambda one: one.path):
        total.update(bytes.fromhex(one.digest))
    return "sha256:" + total.hexdigest()


def _unread(found: HashedFile) -> Check:
    if found.has_changed:
        return failed("files/kept-still", "a file changed while it was read", file=found.path)
    return unreadable(found.path, found.problem, detail=found.detail, fix=found.fix)


def _strange(path: str, digest: str) -> Check:
    return failed(
        "files/unchanged",
        "a file is not the one that was attested",
        file=path,
        actual=digest,
        fix="restore the file, or have it built and attested again",
    )


def _alike(path: str) -> Check:
    return failed(
        "files/unchanged",
        "several files of this name were attested, none with its folder: one may lie in the"
        " place of another",
        file=path,
        fix="attest the files with their paths in the model",
    )

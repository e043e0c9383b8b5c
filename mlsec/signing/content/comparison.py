"""The outcome of comparing a model's files with what was signed, and its part in the verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence

import msgspec

from mlsec.signing.content.unsigned_files import (
    AllowedExtras,
    unreadable_file,
    unsigned_file_checks,
)
from mlsec.signing.errors import SigningError
from mlsec.signing.files.hash_plan import HashedFile
from mlsec.signing.files.listing import Listing
from mlsec.signing.models.model import Model, ModelFiles
from mlsec.signing.verdicts.verdict import (
    Answer,
    Check,
    SignedFile,
    Verdict,
    answer_of,
    failed,
    not_checked,
    passed,
)

NOT_READ = not_checked("files/compared", "the files were not read because an earlier check failed")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing gave; ``files`` are those whose bytes are as signed, of ``signed`` files."""

    checks: tuple[Check, ...]
    files: tuple[SignedFile, ...]
    signed: int
    listed: int
    bytes_hashed: int


def complete_comparison(
    opened: ModelFiles,
    listing: Listing,
    hashed: Mapping[str, HashedFile],
    checks: Sequence[Check],
    files: Sequence[SignedFile],
    *,
    signed: Collection[str],
    allowed: AllowedExtras,
    links: Container[str] = (),
) -> Comparison:
    """Account for unsigned files, and for what changed while the model was read.

    Args:
        opened: the files.
        listing: what lay there.
        hashed: by path.
        checks: of the signed files.
        files: those that are as signed.
        signed: the paths of all signed files.
        allowed: what may lie beside them.
        links: the links among them that lead to files of the model.
    """
    from_store = sum(file.is_by_store for file in hashed.values())
    all_checks = [*checks, *unsigned_file_checks(listing, signed, links, allowed)]
    all_checks += opened.changes(listing)
    if from_store:
        what = "the store's own SHA-256 of the whole object was taken instead of its bytes"
        all_checks.append(passed("files/store-digest", what, actual=f"{from_store} files"))
    return Comparison(
        checks=tuple(all_checks),
        files=tuple(files),
        signed=len(signed),
        listed=len(listing.entries),
        bytes_hashed=sum(file.size_bytes for file in hashed.values() if not file.is_by_store),
    )


def hash_problem(hashed: HashedFile) -> Check | None:
    """Return the check of a file that has no digest to compare, None where it has one."""
    if hashed.has_changed:
        return failed(
            "files/kept-still",
            "a file changed while it was read",
            file=hashed.path,
            fix="verify a copy that nobody writes to",
        )
    if hashed.problem:
        return unreadable_file(hashed.path, hashed.problem, detail=hashed.detail, fix=hashed.fix)
    return None


def compare_opened(
    model: Model, compare: Callable[[ModelFiles], Comparison], checks: list[Check]
) -> Comparison | None:
    """Compare the files of a model; None, and a check that says why, where they cannot be read."""
    try:
        with model.opened() as opened:
            comparison = compare(opened)
    except SigningError as error:
        checks.append(not_checked("files/compared", error.message, fix=error.hint))
        return None
    checks += comparison.checks
    return comparison


def concluded(verdict: Verdict, checks: Sequence[Check], comparison: Comparison | None) -> Verdict:
    """Return the verdict with its checks, the answer that follows, and the compared files."""
    answer = answer_of(checks, is_compared=comparison is not None)
    verdict = msgspec.structs.replace(verdict, answer=answer, checks=tuple(checks))
    if comparison is None:
        return verdict
    return msgspec.structs.replace(
        verdict,
        files=comparison.files if answer is Answer.VERIFIED else (),
        files_signed=comparison.signed,
        files_found=comparison.listed,
        bytes_hashed=comparison.bytes_hashed,
    )

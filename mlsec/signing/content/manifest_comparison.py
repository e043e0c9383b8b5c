"""A model's files against the signed manifest: changed, missing, or not signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.signing.content.comparison import Comparison, complete_comparison, hash_problem
from mlsec.signing.content.unsigned_files import IRREGULAR, AllowedExtras, unreadable_file
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress
from mlsec.signing.files.listing import FileState, Kind, Listing
from mlsec.signing.files.symlinks import internal_links
from mlsec.signing.manifests.manifest import Entry, Manifest
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.trust.policy import Profile
from mlsec.signing.verdicts.verdict import Check, SignedFile, failed, passed

MAX_CHECKS = 200
# From this many files on, it pays not to look at each before it is opened.
QUICK_FROM = 1000
_RESTORE_MODEL = "restore the model from where it was signed"
_RESTORE_FILE = "restore the file, or have the change reviewed and signed"


def compare_with_manifest(
    opened: ModelFiles,
    manifest: Manifest,
    allowed: AllowedExtras,
    limit: int,
    progress: Progress | None = None,
) -> Comparison:
    """Hash what is signed and account for everything else.

    Raises:
        SigningError: the model cannot be listed, holds more than ``limit`` names, or is hashed
            with a hash that is not available.
    """
    how = manifest.serialization
    plan = HashPlan(hash_name=how.hash_name, shard_bytes=how.shard_bytes)
    listing = opened.listing(limit, is_quick=_may_be_quick(manifest, allowed))
    links = internal_links(listing) if allowed.may_link else {}
    signed = _entries_by_path(opened, manifest)
    to_hash, checks = _to_hash(listing, links, signed, plan)
    hashed = _hash(opened, to_hash, links, plan, progress)
    files, unequal = _compare_digests(hashed, signed, to_hash, plan)
    comparison = complete_comparison(
        opened, listing, hashed, (*checks, *unequal), files,
        signed=signed, allowed=allowed, links=links,
    )  # fmt: skip
    return msgspec.structs.replace(comparison, checks=_summary(comparison))


def _may_be_quick(manifest: Manifest, allowed: AllowedExtras) -> bool:
    """Whether no size is needed before a file is read, and there are very many files."""
    is_strict = allowed.profile is Profile.STRICT and not allowed.may_link
    is_whole = not manifest.serialization.shard_bytes
    return is_strict and is_whole and len(manifest.entries) >= QUICK_FROM


def _entries_by_path(opened: ModelFiles, manifest: Manifest) -> dict[str, list[Entry]]:
    by_path: dict[str, list[Entry]] = {}
    for entry in manifest.entries:
        # Signers before 1.1 called the file of a single-file model ".".
        path = opened.single if entry.path == "." and opened.single else entry.path
        by_path.setdefault(path, []).append(entry)
    for entries in by_path.values():
        if len(entries) > 1:
            entries.sort(key=lambda entry: entry.start)
    return by_path


def _to_hash(
    listing: Listing, links: Mapping[str, str], signed: Mapping[str, list[Entry]], plan: HashPlan
) -> tuple[dict[str, FileState], list[Check]]:
    """Separate the files worth hashing from those that are missing or of another size."""
    states = listing.files()
    states.update({path: states[target] for path, target in links.items()})
    checks: list[Check] = []
    to_hash: dict[str, FileState] = {}
    for path, entries in signed.items():
        state = states.get(path)
        if state is None:
            checks.append(_missing(path, listing))
        elif plan.shard_bytes and entries[-1].end != state.size_bytes:
            checks.append(
                failed(
                    "files/unchanged", "a signed file has another size", file=path,
                    expected=f"{entries[-1].end} bytes", actual=f"{state.size_bytes} bytes",
                    fix=_RESTORE_FILE,
                )
            )  # fmt: skip
        else:
            to_hash[path] = state
    return to_hash, checks


def _missing(path: str, listing: Listing) -> Check:
    entry = next((entry for entry in listing.irregular() if entry.path == path), None)
    if entry is None:
        return failed("files/present", "a signed file is missing", file=path, fix=_RESTORE_MODEL)
    if entry.kind is Kind.UNREADABLE:
        return unreadable_file(path, "it cannot be read")
    check_id, what = IRREGULAR[entry.kind]
    return failed(
        check_id, f"a signed file is {what}", file=path, expected="a regular file",
        actual=entry.kind.value, fix=_RESTORE_MODEL,
    )  # fmt: skip


def _hash(
    opened: ModelFiles,
    files: Mapping[str, FileState],
    links: Mapping[str, str],
    plan: HashPlan,
    progress: Progress | None,
) -> dict[str, HashedFile]:
    """Hash each file once, also where links inside the model lead to it."""
    targets = {links.get(path, path): state for path, state in files.items()}
    hashed = opened.hashed(targets, plan, progress)
    if not links:
        return hashed
    return {
        path: msgspec.structs.replace(hashed[links.get(path, path)], path=path) for path in files
    }


def _compare_digests(
    hashed: Mapping[str, HashedFile],
    signed: Mapping[str, Sequence[Entry]],
    paths: Iterable[str],
    plan: HashPlan,
) -> tuple[list[SignedFile], list[Check]]:
    """Separate the files whose bytes are as signed from the others, with what is wrong there."""
    files: list[SignedFile] = []
    checks: list[Check] = []
    hash_name, is_whole = plan.hash_name, not plan.shard_bytes
    for path in paths:
        file, entries = hashed[path], signed[path]
        digests = file.digests
        # Most models are signed file by file, and may have very many of them.
        expected = (entries[0].digest,) if is_whole else tuple([entry.digest for entry in entries])
        if digests == expected and not file.problem:
            # A file in parts has no one digest.
            digest = digests[0].hex() if is_whole else ""
            files.append(SignedFile(path, hash_name, digest, file.size_bytes))
        else:
            checks.append(hash_problem(file) or _unequal(file, entries))
    return files, checks


def _unequal(file: HashedFile, entries: Sequence[Entry]) -> Check:
    for number, (actual, entry) in enumerate(zip(file.digests, entries, strict=False), 1):
        if actual != entry.digest:
            return failed(
                "files/unchanged",
                "a file differs from the one that was signed",
                file=file.path,
                expected=entry.digest.hex(),
                actual=actual.hex() + (f" (part {number})" if entry.end >= 0 else ""),
                fix=_RESTORE_FILE,
            )
    return failed("files/unchanged", "a file has another number of parts", file=file.path)


def _summary(comparison: Comparison) -> tuple[Check, ...]:
    """Order the checks, shorten them, and add those that held."""
    fatal = {check.id for check in comparison.checks if check.is_fatal}
    passed_checks = [
        passed(check_id, what, actual=f"{comparison.signed} files")
        for check_id, what in (
            ("files/unchanged", "every signed file that was read is unchanged"),
            ("files/present", "every signed file is present"),
            ("files/all-signed", "there are no unsigned files that the policy does not allow"),
            ("files/kept-still", "nothing changed while the model was read"),
        )
        if check_id not in fatal
        and not ("files/readable" in fatal and check_id == "files/unchanged")
    ]
    checks = sorted(comparison.checks, key=lambda check: (not check.is_fatal, check.file, check.id))
    if len(checks) > MAX_CHECKS:
        what, rest = "there are more results than are listed here", checks[MAX_CHECKS:]
        is_fatal = any(check.is_fatal for check in rest)
        more = failed("files/more", what, actual=f"{len(rest)} more", is_fatal=is_fatal)
        checks = [*checks[:MAX_CHECKS], more]
    return (*passed_checks, *checks)

"""A model's files against the signed manifest: changed, missing, and what nobody signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlsec.signing.content.unsigned_files import ODD, AllowedExtras, unreadable, unsigned
from mlsec.signing.files.hash_files import Progress
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.files.listing import FileState, Kind, Listing
from mlsec.signing.files.symlinks import internal_links
from mlsec.signing.manifests.manifest import Entry, Manifest
from mlsec.signing.models.model import ModelFiles
from mlsec.signing.trust.policy import Profile
from mlsec.signing.verdicts.verdict import Check, SignedFile, failed, passed

MAX_CHECKS = 200
# From here on it is worth not to look at every file before it is opened.
QUICK_FROM = 1000


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing found; ``files`` are those whose bytes are as signed."""

    checks: tuple[Check, ...]
    files: tuple[SignedFile, ...]
    found: int
    bytes_hashed: int


def compare(
    opened: ModelFiles,
    manifest: Manifest,
    allowed: AllowedExtras,
    limit: int,
    progress: Progress | None = None,
) -> Comparison:
    """Hash what is signed and account for everything else.

    Raises:
        SigningError: the model cannot be listed, holds more than ``limit`` names, or is hashed
            with what is not there.
    """
    how = manifest.serialization
    plan = HashPlan(hash_name=how.hash_name, shard_bytes=how.shard_bytes)
    listing = opened.listing(limit, is_quick=_may_be_quick(manifest, allowed))
    links = internal_links(listing) if allowed.may_link else {}
    wanted = _by_path(opened, manifest)
    to_hash, checks = _split(listing, links, wanted, plan)
    hashed = _hash(opened, to_hash, links, plan, progress)
    good, bad = _as_signed(hashed, wanted, to_hash, plan)
    checks += bad
    checks += unsigned(listing, wanted, links, allowed)
    checks += opened.moved(listing)
    checks += by_store(hashed.values())
    return Comparison(
        checks=_told(checks, len(wanted)),
        files=good,
        found=len(listing.found),
        bytes_hashed=bytes_read(hashed.values()),
    )


def _may_be_quick(manifest: Manifest, allowed: AllowedExtras) -> bool:
    """Whether no size is asked for before a file is read, and there are very many files."""
    is_strict = allowed.profile is Profile.STRICT and not allowed.may_link
    is_whole = not manifest.serialization.shard_bytes
    return is_strict and is_whole and len(manifest.entries) >= QUICK_FROM


def bytes_read(hashed: Iterable[HashedFile]) -> int:
    """Count the bytes that were hashed here."""
    return sum(one.size_bytes for one in hashed if not one.is_by_store)


def by_store(hashed: Iterable[HashedFile]) -> list[Check]:
    """Say for how many files a store's own digest was taken instead of the bytes."""
    count = sum(one.is_by_store for one in hashed)
    what = "the store's own SHA-256 of the whole object was taken instead of its bytes"
    return [passed("files/store-digest", what, actual=f"{count} files")] if count else []


def _split(
    listing: Listing, links: Mapping[str, str], wanted: Mapping[str, list[Entry]], plan: HashPlan
) -> tuple[dict[str, FileState], list[Check]]:
    """Tell the files worth hashing from those that are missing or of another size."""
    states = listing.files()
    states.update({path: states[end] for path, end in links.items()})
    checks: list[Check] = []
    to_hash: dict[str, FileState] = {}
    for path, entries in wanted.items():
        state = states.get(path)
        if state is None:
            checks.append(_missing(path, listing))
        elif plan.shard_bytes and entries[-1].end != state.size_bytes:
            checks.append(_other_size(path, entries[-1].end, state))
        else:
            to_hash[path] = state
    return to_hash, checks


def _hash(
    opened: ModelFiles,
    files: Mapping[str, FileState],
    links: Mapping[str, str],
    plan: HashPlan,
    progress: Progress | None,
) -> dict[str, HashedFile]:
    """Hash each file once, also where links inside the model lead to it."""
    real = {links.get(path, path): state for path, state in files.items()}
    found = opened.hashed(real, plan, progress)
    return (
        {path: msgspec.structs.replace(found[links.get(path, path)], path=path) for path in files}
        if links
        else found
    )


def _by_path(opened: ModelFiles, manifest: Manifest) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in manifest.entries:
        # Signers before 1.1 called the file of a single-file model ".".
        path = opened.single if entry.path == "." and opened.single else entry.path
        found.setdefault(path, []).append(entry)
    for entries in found.values():
        if len(entries) > 1:
            entries.sort(key=lambda one: one.start)
    return found


def _missing(path: str, listing: Listing) -> Check:
    odd = next((one for one in listing.odd() if one.path == path), None)
    if odd is not None and odd.kind is Kind.UNREADABLE:
        return unreadable(path, "it cannot be read")
    if odd is not None:
        check_id, what = ODD[odd.kind]
        return failed(
            check_id,
            f"a signed file is {what}",
            file=path,
            expected="a regular file",
            actual=odd.kind.value,
            fix="restore the model from where it was signed",
        )
    return failed(
        "files/present",
        "a signed file is missing",
        file=path,
        fix="restore the model from where it was signed",
    )


def _other_size(path: str, size_bytes: int, state: FileState) -> Check:
    return failed(
        "files/unchanged",
        "a signed file has another size",
        file=path,
        expected=f"{size_bytes} bytes",
        actual=f"{state.size_bytes} bytes",
        fix="restore the file, or have the change reviewed and signed",
    )


def _as_signed(
    hashed: Mapping[str, HashedFile],
    wanted: Mapping[str, Sequence[Entry]],
    paths: Iterable[str],
    plan: HashPlan,
) -> tuple[tuple[SignedFile, ...], list[Check]]:
    """Tell the files whose bytes are as signed from the others, with what is wrong with those."""
    good: list[SignedFile] = []
    bad: list[Check] = []
    name, is_whole = plan.hash_name, not plan.shard_bytes
    for path in paths:
        found, entries = hashed[path], wanted[path]
        digests = found.digests
        # Most models are signed file by file, and may have very many of them.
        signed = (entries[0].digest,) if is_whole else tuple([one.digest for one in entries])
        if digests == signed and not found.problem:
            # A file in parts has no one digest.
            digest = digests[0].hex() if is_whole else ""
            good.append(SignedFile(path, name, digest, found.size_bytes))
        else:
            bad.append(_judge(found, entries))
    return tuple(good), bad


def _judge(found: HashedFile, entries: Sequence[Entry]) -> Check:
    """Say what is wrong with a file that is not as it was signed."""
    if found.has_changed:
        return failed(
            "files/kept-still",
            "a file changed while it was read",
            file=found.path,
            fix="verify a copy that nobody writes to",
        )
    if found.problem:
        return unreadable(found.path, found.problem, detail=found.detail, fix=found.fix)
    for number, (actual, entry) in enumerate(zip(found.digests, entries, strict=False)):
        if actual != entry.digest:
            return failed(
                "files/unchanged",
                "a file is not the one that was signed",
                file=found.path,
                expected=entry.digest.hex(),
                actual=actual.hex() + (f" (part {number + 1})" if entry.end >= 0 else ""),
                fix="restore the file, or have the change reviewed and signed",
            )
    return failed("files/unchanged", "a file has another number of parts", file=found.path)


def _told(checks: list[Check], count: int) -> tuple[Check, ...]:
    """Order what is told, shorten it, and say what held."""
    bad = {one.id for one in checks if one.is_fatal}
    held = [
        passed(check_id, what, actual=f"{count} files")
        for check_id, what in (
            ("files/unchanged", "every signed file that was read is as signed"),
            ("files/present", "every signed file is there"),
            ("files/all-signed", "nothing lies beside the signed files that must not"),
            ("files/kept-still", "nothing changed while the model was read"),
        )
        if check_id not in bad and not ("files/readable" in bad and check_id == "files/unchanged")
    ]
    checks.sort(key=lambda one: (not one.is_fatal, one.file, one.id))
    if len(checks) > MAX_CHECKS:
        rest = len(checks) - MAX_CHECKS
        has_fatal = any(one.is_fatal for one in checks[MAX_CHECKS:])
        more = failed("files/more", "more was found than is listed here", actual=f"{rest} more")
        checks = [*checks[:MAX_CHECKS], msgspec.structs.replace(more, is_fatal=has_fatal)]
    return (*held, *checks)

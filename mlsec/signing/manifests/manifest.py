"""The OMS v1.0 manifest: the signed files, their digests and the root digest over them."""

from __future__ import annotations

import hashlib
import itertools
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, OverLimitError
from mlsec.signing.files.hash_plan import byte_ranges
from mlsec.signing.manifests.paths import are_plain, check_name
from mlsec.signing.manifests.serialization import SPELLINGS, Method, Serialization, serialization_of
from mlsec.signing.manifests.statement import RawResource, Subject

MAX_ENTRIES = 2_000_000
DIGEST_BYTES = {"sha256": 32, "blake2b": 64, "blake3": 32}
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})\Z", re.DOTALL)
_HEX = re.compile(r"[0-9a-f]+")
_ORDER = operator.attrgetter("path", "start")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One digest; of the whole file, or of its bytes [start, end) when ``end`` is not -1."""

    path: str
    digest: bytes
    start: int = 0
    end: int = -1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed, in the order of the document; paths are relative to the model."""

    serialization: Serialization
    entries: tuple[Entry, ...]
    is_sorted: bool

    @property
    def root_digest(self) -> str:
        """``sha256:`` and hex of SHA-256 over the raw digests in order, whatever their hash."""
        return (
            "sha256:"
            + hashlib.sha256(b"".join([entry.digest for entry in self.entries])).hexdigest()
        )

    def paths(self) -> tuple[str, ...]:
        """Return each file once, in order."""
        return tuple(dict.fromkeys(entry.path for entry in self.entries))


def manifest_of(
    predicate: Any, *, may_have_more: bool = False, may_be_dot: bool = False
) -> Manifest:
    """Read the predicate of a statement of type ``OMS_PREDICATE``.

    Args:
        predicate: as ``parse_statement`` returns it.
        may_have_more: whether unknown fields beside the known ones are passed over.
        may_be_dot: whether a model of one file may call it ".", as signers before 1.1 did.

    Raises:
        MalformedError: a field missing, unknown or of another type; no entry; a path that is not
            plain; a digest of another length or spelling; a path twice; shards with gaps.
        UnsupportedError: an unknown method or hash.
    """
    if not isinstance(predicate, dict):
        raise MalformedError("statement has no predicate, or one that is not a JSON object")
    unknown = sorted(predicate.keys() - {"resources", "serialization"})
    if unknown and not may_have_more:
        raise MalformedError(f'predicate has the unknown field "{unknown[0][:100]}"')
    serialization = serialization_of(predicate.get("serialization"))
    resources = predicate.get("resources")
    if not isinstance(resources, list) or not resources:
        raise MalformedError("manifest lists no file, so the signature says nothing")
    if len(resources) > MAX_ENTRIES:
        raise OverLimitError(f"manifest lists more than {MAX_ENTRIES} files")
    plain = _plain_entries(resources, serialization)
    if plain is not None:
        return Manifest(serialization=serialization, entries=plain, is_sorted=True)
    is_dot = may_be_dot and len(resources) == 1
    entries = tuple(_entry(resource, serialization, may_be_dot=is_dot) for resource in resources)
    return _manifest(serialization, entries)


def legacy_manifest_of(subjects: Sequence[Subject]) -> Manifest:
    """Read the v0.1 form, in which each subject is a file and there is nothing else.

    Raises:
        MalformedError: as ``manifest_of``.
    """
    for subject in subjects:
        check_name(subject.name)
    entries = tuple(
        Entry(subject.name, _digest(subject.digests.get("sha256", ""), "sha256"))
        for subject in subjects
    )
    return _manifest(Serialization(), entries)


def _manifest(serialization: Serialization, entries: tuple[Entry, ...]) -> Manifest:
    _refuse_repeats(entries)
    if serialization.method is Method.SHARDS:
        _refuse_gaps(entries, serialization.shard_bytes)
    return Manifest(serialization=serialization, entries=entries, is_sorted=_is_sorted(entries))


def predicate_of(manifest: Manifest) -> dict[str, Any]:
    """Write the predicate that ``manifest_of`` reads."""
    how = manifest.serialization
    serialization: dict[str, Any] = {
        "method": how.method.value,
        "hash_type": how.hash_name,
        "allow_symlinks": how.allows_symlinks,
    }
    if how.method is Method.SHARDS:
        serialization["shard_size"] = how.shard_bytes
    if how.ignored:
        serialization["ignore_paths"] = list(how.ignored)
    resources = [
        {"name": written_name(entry), "digest": entry.digest.hex(), "algorithm": how.hash_name}
        for entry in manifest.entries
    ]
    return {"serialization": serialization, "resources": resources}


def written_name(entry: Entry) -> str:
    """Return the name of an entry as the document has it."""
    return entry.path if entry.end < 0 else f"{entry.path}:{entry.start}:{entry.end}"


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort as a signer must: by code points of the path, the parts of one file by offset."""
    return tuple(sorted(entries, key=_ORDER))


def _entry(resource: Any, how: Serialization, *, may_be_dot: bool) -> Entry:
    try:
        raw = msgspec.convert(resource, RawResource)
    except msgspec.ValidationError as error:
        raise MalformedError(f"an entry of the manifest: {error}") from None
    _check_algorithm(raw.algorithm, how)
    digest = _digest(raw.digest, how.hash_name)
    if how.method is Method.FILES:
        if not (may_be_dot and raw.name == "."):
            check_name(raw.name)
        return Entry(raw.name, digest)
    match = _SHARD.match(raw.name)
    if match is None:
        raise MalformedError(f'"{raw.name[:200]}" is not PATH:START:END')
    check_name(match[1])
    return Entry(match[1], digest, int(match[2]), int(match[3]))


def _plain_entries(resources: list[Any], how: Serialization) -> tuple[Entry, ...] | None:
    """Read whole files with plain, sorted names at once; None where any needs a closer check."""
    if how.method is not Method.FILES or {type(raw) for raw in resources} != {RawResource}:
        return None
    names = [raw.name for raw in resources]
    digests = [raw.digest for raw in resources]
    size = DIGEST_BYTES[how.hash_name]
    is_plain = {raw.algorithm for raw in resources} == {how.hash_name} and are_plain(names)
    is_sorted = all(map(operator.lt, names, itertools.islice(names, 1, None)))
    if not is_plain or not is_sorted or set(map(len, digests)) != {2 * size}:
        return None
    written = "".join(digests)
    try:
        raw_bytes = bytes.fromhex(written)
    except ValueError:
        return None
    # White space and capitals are taken by fromhex, not by the standard.
    if raw_bytes.hex() != written:
        return None
    starts = range(0, len(raw_bytes), size)
    return tuple(
        Entry(name, raw_bytes[at : at + size]) for name, at in zip(names, starts, strict=True)
    )


def _check_algorithm(algorithm: str, how: Serialization) -> None:
    if algorithm == how.hash_name:
        return
    # model-signing labels the hash of a shard with its size.
    label = f"-sharded-{how.shard_bytes}"
    plain = algorithm.removesuffix(label) if how.method is Method.SHARDS else algorithm
    if SPELLINGS.get(plain) != how.hash_name:
        raise MalformedError(
            f'an entry is hashed with "{algorithm[:100]}", not with {how.hash_name} as declared'
        )


def _digest(text: str, hash_name: str) -> bytes:
    size = DIGEST_BYTES[hash_name]
    if len(text) != 2 * size or not _HEX.fullmatch(text):
        raise MalformedError(f"a digest is not {2 * size} lower-case hex digits of {hash_name}")
    return bytes.fromhex(text)


def _refuse_repeats(entries: Sequence[Entry]) -> None:
    seen: set[tuple[str, int]] = set()
    for entry in entries:
        if _ORDER(entry) in seen:
            raise MalformedError(f'manifest lists "{entry.path[:200]}" twice')
        seen.add(_ORDER(entry))


def _refuse_gaps(entries: Sequence[Entry], shard_bytes: int) -> None:
    ranges_of: dict[str, list[tuple[int, int]]] = {}
    for entry in entries:
        ranges_of.setdefault(entry.path, []).append((entry.start, entry.end))
    for path, ranges in ranges_of.items():
        size_bytes = max(end for _, end in ranges)
        # The number is compared first: a size that nobody has would make a list of that length.
        is_whole = len(ranges) == -(-size_bytes // shard_bytes)
        if not is_whole or sorted(ranges) != byte_ranges(size_bytes, shard_bytes):
            raise MalformedError(f'the shards of "{path[:200]}" do not follow one another')


def _is_sorted(entries: Sequence[Entry]) -> bool:
    """Whether the order is one of those in use: by code point (the text of the standard, shards
    by name or by offset), or by the parts of the path (model-signing).
    """
    orders: tuple[Callable[[Entry], Any], ...] = (
        _ORDER,
        written_name,
        lambda entry: (entry.path.split("/"), entry.start),
    )
    return any(all(a < b for a, b in itertools.pairwise(map(key, entries))) for key in orders)

"""The OMS v1.0 manifest: which files, with which digests, and one digest over them all."""

from __future__ import annotations

import hashlib
import itertools
import operator
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, OverLimitError
from mlsec.signing.manifests.paths import are_plain, check_name
from mlsec.signing.manifests.serialization import SPELLINGS, Method, Serialization, serialization_of
from mlsec.signing.manifests.statement import RawResource, Subject

MAX_ENTRIES = 2_000_000
DIGEST_BYTES = {"sha256": 32, "blake2b": 64, "blake3": 32}
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})\Z", re.DOTALL)
_HEX = re.compile(r"[0-9a-f]+")


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
        """``sha256:`` and hex over the raw digests in order; the model's one identity."""
        return "sha256:" + root_digest(self.entries)

    def paths(self) -> tuple[str, ...]:
        """Each file once, in order."""
        return tuple(dict.fromkeys(entry.path for entry in self.entries))


def root_digest(entries: Iterable[Entry]) -> str:
    """SHA-256 over the raw digests in order, as hex, whatever hash the entries have."""
    return hashlib.sha256(b"".join([entry.digest for entry in entries])).hexdigest()


def manifest_of(
    predicate: Any, *, may_have_more: bool = False, may_be_dot: bool = False
) -> Manifest:
    """Read the predicate of a statement of type ``OMS_PREDICATE``.

    Args:
        predicate: as ``parse_statement`` gives it.
        may_have_more: whether unknown fields beside the known ones are passed over.
        may_be_dot: whether a model of one file may call it ".", as signers before 1.1 did.

    Raises:
        MalformedError: a field missing, unknown or of another type; no entry; a path that is not
            plain; a digest of another length or spelling; a path twice; shards with gaps.
        UnsupportedError: an unknown method or hash.
    """
    if not isinstance(predicate, dict):
        raise MalformedError("statement has no predicate, or one that is no JSON object")
    unknown = sorted(predicate.keys() - {"resources", "serialization"})
    if unknown and not may_have_more:
        raise MalformedError(f'predicate has the unknown field "{unknown[0][:100]}"')
    serialization = serialization_of(predicate.get("serialization"))
    resources = predicate.get("resources")
    if not isinstance(resources, list) or not resources:
        raise MalformedError("manifest lists no file, so the signature says nothing")
    if len(resources) > MAX_ENTRIES:
        raise OverLimitError(f"manifest lists more than {MAX_ENTRIES} files")
    quick = _quick_entries(resources, serialization)
    if quick is not None:
        return Manifest(serialization=serialization, entries=quick, is_sorted=True)
    is_dot = may_be_dot and len(resources) == 1
    entries = tuple(_entry(one, serialization, may_be_dot=is_dot) for one in resources)
    _refuse_repeats(entries)
    if serialization.method is Method.SHARDS:
        _refuse_gaps(entries, serialization.shard_bytes)
    return Manifest(serialization=serialization, entries=entries, is_sorted=_is_sorted(entries))


def legacy_manifest_of(subjects: Sequence[Subject]) -> Manifest:
    """Read the v0.1 form, in which each subject is a file and there is nothing else.

    Raises:
        MalformedError: as ``manifest_of``.
    """
    serialization = Serialization()
    entries = []
    for subject in subjects:
        check_name(subject.name)
        digest = _digest(subject.digests.get("sha256", ""), "sha256")
        entries.append(Entry(subject.name, digest))
    _refuse_repeats(entries)
    found = tuple(entries)
    return Manifest(serialization=serialization, entries=found, is_sorted=_is_sorted(found))


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
        {"name": written_name(one), "digest": one.digest.hex(), "algorithm": how.hash_name}
        for one in manifest.entries
    ]
    return {"serialization": serialization, "resources": resources}


def written_name(entry: Entry) -> str:
    """The name of an entry as the document has it."""
    return entry.path if entry.end < 0 else f"{entry.path}:{entry.start}:{entry.end}"


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort as a signer must: by code points of the path, the parts of one file by offset."""
    return tuple(sorted(entries, key=lambda one: (one.path, one.start)))


def _entry(found: Any, how: Serialization, *, may_be_dot: bool) -> Entry:
    if isinstance(found, dict):
        found = _raw(found)
    if not isinstance(found, RawResource):
        raise MalformedError("an entry of the manifest is no JSON object")
    _check_algorithm(found.algorithm, how)
    digest = _digest(found.digest, how.hash_name)
    if how.method is Method.FILES:
        if not (may_be_dot and found.name == "."):
            check_name(found.name)
        return Entry(found.name, digest)
    match = _SHARD.match(found.name)
    if match is None:
        raise MalformedError(f'"{found.name[:200]}" is not PATH:START:END')
    path, start, end = match[1], int(match[2]), int(match[3])
    check_name(path)
    return Entry(path, digest, start, end)


def _quick_entries(resources: list[Any], how: Serialization) -> tuple[Entry, ...] | None:
    """Read whole files in order with plain names, all at once; None where any needs a look."""
    if how.method is not Method.FILES or {type(one) for one in resources} != {RawResource}:
        return None
    names = [one.name for one in resources]
    texts = [one.digest for one in resources]
    size = DIGEST_BYTES[how.hash_name]
    is_plain = {one.algorithm for one in resources} == {how.hash_name} and are_plain(names)
    is_sorted = all(map(operator.lt, names, itertools.islice(names, 1, None)))
    if not is_plain or not is_sorted or set(map(len, texts)) != {2 * size}:
        return None
    written = "".join(texts)
    try:
        raw = bytes.fromhex(written)
    except ValueError:
        return None
    # White space and capitals are taken by fromhex, not by the standard.
    if raw.hex() != written:
        return None
    starts = range(0, len(raw), size)
    return tuple(Entry(name, raw[at : at + size]) for name, at in zip(names, starts, strict=True))


def _raw(found: dict[str, Any]) -> RawResource:
    values = [found.get(key) for key in ("name", "digest", "algorithm")]
    if not all(isinstance(value, str) for value in values):
        raise MalformedError("an entry of the manifest lacks a name, a digest or an algorithm")
    return RawResource(str(values[0]), str(values[1]), str(values[2]))


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


def _digest(found: str, hash_name: str) -> bytes:
    size = DIGEST_BYTES[hash_name]
    if len(found) != 2 * size or not _HEX.fullmatch(found):
        raise MalformedError(f"a digest is not {2 * size} lower-case hex digits of {hash_name}")
    return bytes.fromhex(found)


def _refuse_repeats(entries: Sequence[Entry]) -> None:
    if len({(one.path, one.start) for one in entries}) != len(entries):
        seen: set[tuple[str, int]] = set()
        for one in entries:
            if (one.path, one.start) in seen:
                raise MalformedError(f'manifest lists "{one.path[:200]}" twice')
            seen.add((one.path, one.start))


def _refuse_gaps(entries: Sequence[Entry], shard_bytes: int) -> None:
    by_path: dict[str, list[tuple[int, int]]] = {}
    for one in entries:
        by_path.setdefault(one.path, []).append((one.start, one.end))
    for path, spans in by_path.items():
        at = 0
        spans.sort()
        for number, (start, end) in enumerate(spans, 1):
            is_full = end - start == shard_bytes
            is_rest = number == len(spans) and 0 < end - start < shard_bytes
            if start != at or not (is_full or is_rest):
                raise MalformedError(f'the shards of "{path[:200]}" do not follow one another')
            at = end


def _is_sorted(entries: Sequence[Entry]) -> bool:
    """Whether the order is one of those in use: by code point (the text of the standard, shards
    by name or by offset), or by the parts of the path (model-signing).
    """
    orders: list[list[Any]] = [
        [(one.path, one.start) for one in entries],
        [written_name(one) for one in entries],
    ]
    if any(all(a < b for a, b in itertools.pairwise(keys)) for keys in orders):
        return True
    parts = [(one.path.split("/"), one.start) for one in entries]
    return all(a < b for a, b in itertools.pairwise(parts))

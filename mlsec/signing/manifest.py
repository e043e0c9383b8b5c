"""The OMS v1.0 manifest: which files, with which digests, and one digest over them all."""

from __future__ import annotations

import enum
import hashlib
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, OverLimitError, UnsupportedError
from mlsec.signing.names import check_ignored, check_name
from mlsec.signing.statement import RawResource, Subject

MAX_ENTRIES = 2_000_000
DEFAULT_SHARD_BYTES = 1_000_000_000
DIGEST_BYTES = {"sha256": 32, "blake2b": 64, "blake3": 32}
# Older writers named BLAKE2b after its family.
_SPELLINGS = {"sha256": "sha256", "blake2b": "blake2b", "blake2": "blake2b", "blake3": "blake3"}
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})\Z", re.DOTALL)
_SERIALIZATION = {"method", "hash_type", "allow_symlinks"}
_OPTIONAL = {"shard_size", "ignore_paths"}


class Method(enum.Enum):
    """How files become entries: one each, or one for each stretch of ``shard_bytes``."""

    FILES = "files"
    SHARDS = "shards"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One digest; of the whole file, or of its bytes [start, end) when ``end`` is not -1."""

    path: str
    digest: bytes
    start: int = 0
    end: int = -1


class Serialization(msgspec.Struct, frozen=True, kw_only=True):
    """How the entries came to be; ``shard_bytes`` is 0 for whole files."""

    method: Method = Method.FILES
    hash_name: str = "sha256"
    shard_bytes: int = 0
    allows_symlinks: bool = False
    ignored: tuple[str, ...] = ()


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
    serialization = _serialization(predicate.get("serialization"))
    resources = predicate.get("resources")
    if not isinstance(resources, list) or not resources:
        raise MalformedError("manifest lists no file, so the signature says nothing")
    if len(resources) > MAX_ENTRIES:
        raise OverLimitError(f"manifest lists more than {MAX_ENTRIES} files")
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


def _serialization(found: Any) -> Serialization:
    if not isinstance(found, dict):
        raise MalformedError("predicate does not say how the files were serialized")
    missing = sorted(_SERIALIZATION - found.keys())
    unknown = sorted(found.keys() - _SERIALIZATION - _OPTIONAL)
    if missing or unknown:
        what = f'lacks "{missing[0]}"' if missing else f'has the unknown field "{unknown[0][:100]}"'
        raise MalformedError(f"serialization {what}")
    method, hash_name = found["method"], found["hash_type"]
    if method not in ("files", "shards"):
        raise UnsupportedError(f'serialization method "{str(method)[:100]}" is not known')
    ignored = found.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(one, str) for one in ignored):
        raise MalformedError("ignore_paths is no list of paths")
    for one in ignored:
        check_ignored(one)
    if not isinstance(found["allow_symlinks"], bool):
        raise MalformedError("allow_symlinks is neither true nor false")
    return Serialization(
        method=Method(method),
        hash_name=_hash_name(hash_name),
        shard_bytes=_shard_bytes(found.get("shard_size"), Method(method)),
        allows_symlinks=found["allow_symlinks"],
        ignored=tuple(ignored),
    )


def _shard_bytes(found: Any, method: Method) -> int:
    if method is Method.FILES:
        if found is not None:
            raise MalformedError("shard_size stands beside the method files")
        return 0
    # Writers that go through protobuf's Struct have only floats, and write 64.0.
    is_whole = isinstance(found, float) and found.is_integer()
    is_number = isinstance(found, int) and not isinstance(found, bool)
    if not (is_number or is_whole) or not 0 < found < 1 << 53:
        raise MalformedError("shard_size is missing or not a whole number above 0")
    return int(found)


def _hash_name(found: Any) -> str:
    name = _SPELLINGS.get(found) if isinstance(found, str) else None
    if name is None:
        raise MalformedError(f'hash "{str(found)[:100]}" is not one of sha256, blake2b, blake3')
    return name


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


def _raw(found: dict[str, Any]) -> RawResource:
    values = [found.get(key) for key in ("name", "digest", "algorithm")]
    if not all(isinstance(value, str) for value in values):
        raise MalformedError("an entry of the manifest lacks a name, a digest or an algorithm")
    return RawResource(name=str(values[0]), digest=str(values[1]), algorithm=str(values[2]))


def _check_algorithm(algorithm: str, how: Serialization) -> None:
    if algorithm == how.hash_name:
        return
    # model-signing labels the hash of a shard with its size.
    label = f"-sharded-{how.shard_bytes}"
    plain = algorithm.removesuffix(label) if how.method is Method.SHARDS else algorithm
    if _SPELLINGS.get(plain) != how.hash_name:
        raise MalformedError(
            f'an entry is hashed with "{algorithm[:100]}", not with {how.hash_name} as declared'
        )


def _digest(found: bytes | str, hash_name: str) -> bytes:
    size = DIGEST_BYTES[hash_name]
    if isinstance(found, str) and re.fullmatch(r"[0-9a-f]+", found) and len(found) == 2 * size:
        return bytes.fromhex(found)
    if not isinstance(found, bytes) or len(found) != size:
        raise MalformedError(f"a digest is not {2 * size} lower-case hex digits of {hash_name}")
    return found


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

"""How a manifest's entries came to be: whole files or parts, by which hash, without which paths."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.manifests.paths import check_ignored

# Older writers named BLAKE2b after its family.
SPELLINGS = {"sha256": "sha256", "blake2b": "blake2b", "blake2": "blake2b", "blake3": "blake3"}
_SERIALIZATION = {"method", "hash_type", "allow_symlinks"}
_OPTIONAL = {"shard_size", "ignore_paths"}


class Method(enum.Enum):
    """How files become entries: one each, or one for each stretch of ``shard_bytes``."""

    FILES = "files"
    SHARDS = "shards"


class Serialization(msgspec.Struct, frozen=True, kw_only=True):
    """How the entries came to be; ``shard_bytes`` is 0 for whole files."""

    method: Method = Method.FILES
    hash_name: str = "sha256"
    shard_bytes: int = 0
    allows_symlinks: bool = False
    ignored: tuple[str, ...] = ()


def serialization_of(found: Any) -> Serialization:
    """Read the part of a predicate that says how files were enumerated and hashed.

    Raises:
        MalformedError: a field missing, unknown or of another type, or an unknown hash.
        UnsupportedError: an unknown method.
    """
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
    name = SPELLINGS.get(found) if isinstance(found, str) else None
    if name is None:
        raise MalformedError(f'hash "{str(found)[:100]}" is not one of sha256, blake2b, blake3')
    return name

"""How a manifest lists files: whole or in parts, by which hash, without which paths."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from mlsec.signing.errors import MalformedError, UnsupportedError
from mlsec.signing.manifests.paths import check_ignored

# Older writers named BLAKE2b after its family.
SPELLINGS = {"sha256": "sha256", "blake2b": "blake2b", "blake2": "blake2b", "blake3": "blake3"}


class Method(enum.Enum):
    """How files become entries: one a file, or one for each ``shard_bytes`` of it."""

    FILES = "files"
    SHARDS = "shards"


class Serialization(msgspec.Struct, frozen=True, kw_only=True):
    """How the entries were made; ``shard_bytes`` is 0 for whole files."""

    method: Method = Method.FILES
    hash_name: str = "sha256"
    shard_bytes: int = 0
    allows_symlinks: bool = False
    ignored: tuple[str, ...] = ()


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields as a predicate has them."""

    method: str
    hash_type: str
    allow_symlinks: bool
    shard_size: int | float | None = None
    ignore_paths: tuple[str, ...] = ()


def serialization_of(value: Any) -> Serialization:
    """Read the part of a predicate that says how files were enumerated and hashed.

    Raises:
        MalformedError: a field missing, unknown or of another type, or an unknown hash.
        UnsupportedError: an unknown method.
    """
    try:
        written = msgspec.convert(value, _Written)
    except msgspec.ValidationError as error:
        raise MalformedError(f"serialization: {error}") from None
    if written.method not in ("files", "shards"):
        raise UnsupportedError(f'serialization method "{written.method[:100]}" is not known')
    if written.hash_type not in SPELLINGS:
        name = written.hash_type[:100]
        raise MalformedError(f'hash "{name}" is not one of sha256, blake2b, blake3')
    for path in written.ignore_paths:
        check_ignored(path)
    method = Method(written.method)
    return Serialization(
        method=method,
        hash_name=SPELLINGS[written.hash_type],
        shard_bytes=_shard_bytes(written.shard_size, method),
        allows_symlinks=written.allow_symlinks,
        ignored=written.ignore_paths,
    )


def _shard_bytes(size: float | None, method: Method) -> int:
    if method is Method.FILES:
        if size is not None:
            raise MalformedError("shard_size stands beside the method files")
        return 0
    # Writers that go through protobuf's Struct have only floats, and write 64.0.
    if size is None or size != int(size) or not 0 < size < 1 << 53:
        raise MalformedError("shard_size is missing or not a whole number above 0")
    return int(size)

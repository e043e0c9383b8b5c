"""Hashes objects in a bucket: by the store's own digest where it has one, else range by range."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from mlsec.artifacts.errors import ArtifactError
from mlsec.collect.folders.entry import Bucket, Entry, StoreError
from mlsec.core.enums import GapReason
from mlsec.signing.files.hash_plan import HashedFile, HashPlan, Progress, byte_ranges, new_hash

RANGE_BYTES = 8 << 20
# Ranges that are on their way at once; so many are held in memory.
IN_FLIGHT = 8
TRIES = 3


def hash_objects(
    bucket: Bucket, entries: Mapping[str, Entry], plan: HashPlan, progress: Progress | None
) -> dict[str, HashedFile]:
    """Hash objects (path -> entry as listed); every byte is of the version that was listed.

    Raises:
        UnsupportedError: a hash that is not there.
    """
    new_hash(plan.hash_name)
    pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="ranges")
    try:
        result = _by_store(pool, bucket, entries, plan)
        rest = {path: entry for path, entry in entries.items() if path not in result}
        total = sum(entry.size_bytes for entry in rest.values())
        done = 0
        for value, answer in _ahead(pool, bucket, rest, plan):
            done += value.take(answer)
            if value.is_done:
                result[value.path] = value.result()
            if progress is not None:
                progress(done, total)
    finally:
        pool.shutdown(cancel_futures=True)
    return result


def unread(path: str, error: ArtifactError) -> HashedFile:
    """Say why nothing is known of an object; it is never a digest."""
    right = error.right if isinstance(error, StoreError) else ""
    match error.reason:
        case GapReason.DENIED:
            fix = f"allow {right}" if right else "give the verifying user the right to read it"
        case GapReason.UNSUPPORTED:
            fix = "restore it, then verify again"
        case GapReason.MALFORMED:
            fix = "verify again when nobody writes to it"
        case _:
            fix = "verify again"
    problem = "the store did not give it"
    return HashedFile(path=path, problem=problem, detail=error.message, fix=fix)


def _by_store(
    pool: ThreadPoolExecutor, bucket: Bucket, entries: Mapping[str, Entry], plan: HashPlan
) -> dict[str, HashedFile]:
    """Ask for the digests that the store has, of objects that are hashed in one part."""
    asked = {
        path: entry
        for path, entry in entries.items()
        if entry.has_sha256
        and plan.hash_name == "sha256"
        and len(byte_ranges(entry.size_bytes, plan.shard_bytes)) == 1
    }
    answers = pool.map(lambda item: _known_digest(bucket, *item), asked.items())
    return {answer.path: answer for answer in answers if answer is not None}


def _known_digest(bucket: Bucket, path: str, entry: Entry) -> HashedFile | None:
    try:
        bucket.open(entry)  # what lies in an archive is not there to be loaded either
        sha256 = bucket.sha256(entry)
    except ArtifactError as error:
        return unread(path, error)
    if not sha256:
        return None
    digests = (bytes.fromhex(sha256),)
    return HashedFile(path=path, size_bytes=entry.size_bytes, digests=digests, is_by_store=True)


class _Stream:
    """One object while its ranges come in, in order."""

    def __init__(self, path: str, entry: Entry, plan: HashPlan) -> None:
        self.path, self.entry = path, entry
        self.failed: ArtifactError | None = None
        self._hash_name = plan.hash_name
        self._parts = byte_ranges(entry.size_bytes, plan.shard_bytes)
        self._digests: list[bytes] = []
        self._hash = new_hash(plan.hash_name)
        self._at = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come."""
        return self.failed is not None or self._at >= self.entry.size_bytes

    def take(self, answer: Future[bytes]) -> int:
        """Hash the next range; gives how many bytes are settled by it."""
        if self.failed is not None:
            return 0
        try:
            data = answer.result()
        except ArtifactError as error:
            self.failed = error
            return self.entry.size_bytes - self._at
        left = memoryview(data)
        while left:
            end = self._parts[len(self._digests)][1]
            piece, left = left[: end - self._at], left[end - self._at :]
            self._hash.update(piece)
            self._at += len(piece)
            if self._at == end:
                self._digests.append(self._hash.digest())
                self._hash = new_hash(self._hash_name)
        return len(data)

    def result(self) -> HashedFile:
        """Give the digests of all parts, or why there are none."""
        if self.failed is not None:
            return unread(self.path, self.failed)
        size_bytes = self.entry.size_bytes
        digests = tuple(self._digests)
        if self._parts and not size_bytes:
            digests = (self._hash.digest(),)
        return HashedFile(path=self.path, size_bytes=size_bytes, digests=digests)


def _ahead(
    pool: ThreadPoolExecutor, bucket: Bucket, entries: Mapping[str, Entry], plan: HashPlan
) -> Iterator[tuple[_Stream, Future[bytes]]]:
    """Ask for some ranges beyond the one that is hashed, and give them in order."""
    waiting: deque[tuple[_Stream, Future[bytes]]] = deque()
    for path, entry in entries.items():
        stream = _Stream(path, entry, plan)
        for start in range(0, max(entry.size_bytes, 1), RANGE_BYTES):
            if stream.failed is not None:
                break
            length = min(RANGE_BYTES, entry.size_bytes - start)
            waiting.append((stream, pool.submit(_fetched, bucket, entry, start, length)))
            if len(waiting) >= IN_FLIGHT:
                yield waiting.popleft()
    yield from waiting


def _fetched(bucket: Bucket, entry: Entry, start: int, length: int) -> bytes:
    """Fetch one range; of thousands, one that times out must not cost the answer."""
    for _ in range(TRIES - 1):
        try:
            return bucket.open(entry).read_at(start, length)
        except StoreError as error:
            if error.reason is not GapReason.TIMEOUT:
                raise
    return bucket.open(entry).read_at(start, length)

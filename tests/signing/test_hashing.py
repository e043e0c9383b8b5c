"""Walking and hashing: every file, by every way of reading it, and nothing that moved."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mlsec.signing.errors import ChangedError, OverLimitError, SigningError
from mlsec.signing.files import hash_large
from mlsec.signing.files.folder import MAX_DEPTH, ModelFolder
from mlsec.signing.files.hash_files import hash_files
from mlsec.signing.files.hash_fork import run_in_two_processes
from mlsec.signing.files.hash_large import BUFFER_BYTES, blocks
from mlsec.signing.files.hash_plan import HashedFile, HashPlan
from mlsec.signing.files.hash_small import SMALL_FILE_BYTES
from mlsec.signing.files.listing import UNKNOWN_STATE, Kind

_EDGES = (0, 1, SMALL_FILE_BYTES - 1, SMALL_FILE_BYTES, SMALL_FILE_BYTES + 1,
          BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES + 7)  # fmt: skip


def filled(folder: Path) -> dict[str, bytes]:
    source = random.Random(5)  # noqa: S311 - the same bytes every time
    files = {f"{n}.bin": source.randbytes(size) for n, size in enumerate(_EDGES)}
    files |= {"a/b/c/deep.bin": b"deep", "a/\u6a21\u578b.bin": b"name"}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


@pytest.mark.parametrize("cores", [1, 2, 64])
@pytest.mark.parametrize("shard", [0, 1000, SMALL_FILE_BYTES, BUFFER_BYTES])
@pytest.mark.parametrize("name", ["sha256", "blake2b"])
def test_every_file_is_hashed_whatever_way_it_is_read(
    name: str, shard: int, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_large, "available_cores", lambda: cores)
    files = filled(tmp_path)
    with ModelFolder(tmp_path) as folder:
        stamps = folder.listing(100).files()
        found = hash_files(folder, stamps, HashPlan(hash_name=name, shard_bytes=shard))
    assert found.keys() == files.keys()
    for path, content in files.items():
        step = shard or max(len(content), 1)
        starts = range(0, len(content), step) if shard else (0,)
        expected = tuple(hashlib.new(name, content[at : at + step]).digest() for at in starts)
        assert found[path].digests == expected
        assert found[path].size_bytes == len(content)


@pytest.mark.parametrize("shard", [0, 1000])
def test_files_that_were_only_listed_are_hashed_the_same(shard: int, tmp_path: Path) -> None:
    filled(tmp_path)
    with ModelFolder(tmp_path) as folder:
        plan = HashPlan(shard_bytes=shard)
        looked_at = hash_files(folder, folder.listing(100).files(), plan)
        quick = folder.listing(100, is_quick=True)
        assert {stamp is UNKNOWN_STATE for stamp in quick.files().values()} == {True}
        assert hash_files(folder, quick.files(), plan) == looked_at


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("other")])
def test_name_that_is_no_file_any_more_when_it_is_opened_is_reported(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"a")
    (tmp_path / "other").write_bytes(b"a")
    with ModelFolder(tmp_path) as folder:
        stamps = folder.listing(9, is_quick=True).files()
        path.unlink()
        make(path)
        found = hash_files(folder, stamps, HashPlan())
    assert found["x.bin"].has_changed
    assert not found["other"].problem


@pytest.mark.parametrize("size", [10, SMALL_FILE_BYTES + 1])
def test_file_that_is_another_by_now_is_reported_not_hashed(size: int, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"a" * size)
    with ModelFolder(tmp_path) as folder:
        stamps = folder.listing(9).files()
        path.write_bytes(b"b" * size)
        os.utime(path, ns=(1, 1))
        [found] = hash_files(folder, stamps, HashPlan()).values()
    assert found.has_changed
    assert found.digests == ()


def test_file_that_became_shorter_while_it_was_read_is_no_end_of_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"a" * 10)
    with path.open("rb") as file, pytest.raises(ChangedError):
        list(blocks(file.fileno(), 0, 11, memoryview(bytearray(100))))


def test_everything_in_a_model_is_listed_by_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "up").symlink_to("..")
    (tmp_path / os.fsdecode(b"bad\xff")).write_bytes(b"x")
    with ModelFolder(tmp_path) as folder:
        found = {one.path: one.kind for one in folder.listing(100).entries}
    assert found.pop("bad\udcff") is Kind.BAD_NAME
    assert found == {
        "file": Kind.FILE, "link": Kind.SYMLINK, "dangling": Kind.SYMLINK, "loop": Kind.SYMLINK,
        "fifo": Kind.SPECIAL, "up": Kind.SYMLINK,
    }  # fmt: skip


def test_depth_and_number_of_names_are_capped(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(MAX_DEPTH + 3):
        deep = deep / "d"
    deep.mkdir(parents=True)
    with ModelFolder(tmp_path) as folder:
        assert [one.kind for one in folder.listing(1000).entries] == [Kind.TOO_DEEP]
        with pytest.raises(OverLimitError):
            folder.listing(10)


def test_file_below_a_linked_folder_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_bytes(b"secret")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/sub").symlink_to(tmp_path / "outside")
    with ModelFolder(tmp_path / "model") as folder, pytest.raises(OSError, match="Not a directory"):
        folder.open_file("sub/x")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    filled(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ModelFolder(tmp_path) as folder:
        listing = folder.listing(100)
        hash_files(folder, listing.files(), HashPlan(shard_bytes=1000))
        for path, stamp in listing.folders:
            assert folder.folder_state(path) == stamp
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_model_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="cannot be opened"):
        ModelFolder(tmp_path / "none" / "model.bin")


def test_leaving_two_processes_early_ends_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is longer than a pipe holds: it waits until somebody reads, or nobody can."""
    children, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])
    paths = [str(number) for number in range(40)]

    def work(paths: Sequence[str]) -> Iterator[HashedFile]:
        return (HashedFile(path, digests=(bytes(1 << 16),)) for path in paths)

    running = run_in_two_processes(paths, work)
    next(running)
    before = len(list(Path("/proc/self/fd").iterdir()))
    running.close()  # type: ignore[attr-defined]
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1
    # Other tests of this process may have children of their own.
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)


@pytest.mark.parametrize("does_child_fail", [False, True])
def test_second_process_hashes_the_same_or_its_half_is_done_here(
    does_child_fail: bool, tmp_path: Path
) -> None:
    files = filled(tmp_path)
    here = os.getpid()
    with ModelFolder(tmp_path) as folder:
        stamps = folder.listing(100).files()
        alone = hash_files(folder, stamps, HashPlan())

        def work(paths: Sequence[str]) -> Iterator[HashedFile]:
            if does_child_fail and os.getpid() != here:
                os._exit(1)
            yield from (alone[path] for path in paths)

        found = {one.path: one for one in run_in_two_processes(sorted(files), work)}
    assert found == alone

"""A folder on disk: everything in it is listed, or said not to be read and why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsec.collect.folders.entry import Listing
from mlsec.collect.folders.local import LocalStore
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError

NOBODY = 65534


def listing(root: Path) -> Listing:
    return LocalStore(root).listing()


def reasons(found: Listing, root: Path) -> dict[str, GapReason | None]:
    return {item.id.removeprefix(f"{root}/"): item.reason for item in found.skipped}


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root reads everything; refusals need another user."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_every_file_is_listed_once_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.bin").write_bytes(b"abc")
    (tmp_path / "a.pkl").write_bytes(b"")
    found = listing(tmp_path)
    assert [(entry.path, entry.size_bytes) for entry in found.entries] == [
        ("a.pkl", 0),
        ("b/x.bin", 3),
    ]
    assert found.is_complete


def test_link_loop_ends_and_is_accounted_for(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    assert reasons(listing(tmp_path), tmp_path) == {"a/up": None, "self": GapReason.UNRESOLVED}


def test_link_out_of_the_target_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"s")
    (root / "link").symlink_to("../secret")
    found = listing(root)
    assert found.entries == ()
    assert reasons(found, root) == {"link": GapReason.UNSUPPORTED}


def test_link_inside_the_target_is_read_as_caches_of_hubs_lay_it_out(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "ab12").write_bytes(b"weights")
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "model.safetensors").symlink_to("../blobs/ab12")
    names = [entry.path for entry in listing(tmp_path).entries]
    assert names == ["blobs/ab12", "snapshots/model.safetensors"]


def test_pipe_is_not_opened_and_is_accounted_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reasons(listing(tmp_path), tmp_path) == {"pipe": GapReason.UNSUPPORTED}


def test_refused_folder_makes_the_listing_incomplete(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and str(folder) != "/":
            folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "x").write_bytes(b"x")
    if os.geteuid() != 0:
        (tmp_path / "closed").chmod(0)
    with as_nobody():
        found = listing(tmp_path)
    assert reasons(found, tmp_path) == {"closed": GapReason.DENIED}
    assert not found.is_complete


def test_name_with_control_characters_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "a\n\x1b[31m.pkl").write_bytes(b"")
    assert listing(tmp_path).entries[0].path == "a\\u000a\\u001b[31m.pkl"


def test_names_that_differ_only_in_hidden_bytes_stay_two_files(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/x\xff")).write_bytes(b"1")
    (tmp_path / "x\\udcff").write_bytes(b"22")
    ids = {entry.id for entry in listing(tmp_path).entries}
    assert len(ids) == 2


def test_missing_target_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="No such file"):
        listing(tmp_path / "nothing")


def test_one_file_is_a_target_too(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"12")
    store = LocalStore(path)
    (entry,) = store.listing().entries
    source = store.open(entry)
    assert (entry.id, source.read_at(0, 9)) == (str(path), b"12")
    store.close(source)

"""Somebody, or a scan itself, fills the disk while evidence is taken or reports are written.

They gain an hour of collection that is lost, or half a report that is taken for a whole one. What
was collected is kept, as the message says, and --resume goes on from it; no report is half written.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import subprocess
from pathlib import Path

import pytest

from tests.attacks.limited import EASY, check_refused, run

FILES = 120
# Between two sizes of which each ends another way lies nothing that by day is not met.
AT_NIGHT = functools.partial(pytest.param, marks=pytest.mark.nightly)
# Where this user may mount, a disk is filled; elsewhere a limit on the size of files stands for it.
MOUNTS = subprocess.run(
    ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],  # noqa: S607
    capture_output=True, check=False,
).returncode == 0  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    (folder / "code").mkdir()
    (folder / "disk").mkdir()
    for number in range(FILES):
        noise = os.urandom(400).hex()
        content = {"noise": noise, "number": number}
        (folder / "code" / f"{number}.pkl").write_bytes(pickle.dumps(content))
        text = f'resource "aws_s3_bucket" "b{number}" {{ bucket = "{noise}" }}\n'
        (folder / "code" / f"{number}.tf").write_text(text)
    return folder


def on_disk(size_kib: int, first: str, then: str = "true") -> str:
    """Run ``first`` where there is little room, then ``then`` where there is enough."""
    if MOUNTS:
        small = f"mount -t tmpfs -o size={size_kib}k none disk"
        large = "mount -o remount,size=200m disk"
        script = f"{small}; {first}; echo FIRST=$? >&2; {large}; {then}; echo THEN=$? >&2"
        return f"unshare --mount bash -c '{script}' bash \"$@\"; exit 0"
    script = f"(ulimit -f {size_kib}; {first}); echo FIRST=$? >&2; {then}; echo THEN=$? >&2"
    return f"{script}; exit 0"


def codes(err: str) -> tuple[int, int]:
    said = dict(line.split("=", 1) for line in err.splitlines() if line[:5] in ("FIRST", "THEN="))
    return int(said["FIRST"]), int(said["THEN"])


@pytest.mark.parametrize("size_kib", [160, AT_NIGHT(240), 400])
def test_what_was_collected_is_kept_and_gone_on_from(size_kib: int, place: Path) -> None:
    collect = '"$@" collect code -o disk/e.mlsnap'
    with disk(place):
        ended = run(cwd=place, before=on_disk(
            size_kib, collect, f'{collect} --resume && "$@" snapshot verify disk/e.mlsnap',
        ))  # fmt: skip
    assert codes(ended.err) == (2, 0), ended.err
    assert "what was collected is kept" in ended.err
    assert f"{1 + 3 * FILES} calls, 0 of them not answered" in ended.err
    assert b"whole and unchanged" in ended.out
    assert "Traceback" not in ended.err


@contextlib.contextmanager
def disk(place: Path):  # type: ignore[no-untyped-def]
    """Leave the folder empty, where it is not a disk of its own that goes by itself."""
    yield
    for path in (place / "disk").iterdir():
        path.unlink()


@pytest.mark.parametrize("size_kib", [4, AT_NIGHT(8), 24, AT_NIGHT(40), AT_NIGHT(60), 80])
def test_a_disk_that_was_full_at_once_leaves_nothing_in_the_way(size_kib: int, place: Path) -> None:
    collect = '"$@" collect code -o disk/e.mlsnap'
    with disk(place):
        ended = run(cwd=place, before=on_disk(
            size_kib, collect, f"[ -e disk/e.mlsnap.part ] && {collect} --resume || {collect}"
        ))  # fmt: skip
    assert codes(ended.err) == (2, 0), ended.err
    kept = "what was collected is kept" in ended.err
    assert kept or "nothing was collected yet" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "size_kib", [400, 1300, *(AT_NIGHT(size) for size in range(500, 1300, 100))]
)
def test_room_for_the_evidence_but_not_for_its_sealed_copy(size_kib: int, place: Path) -> None:
    collect = '"$@" collect code -o disk/e.mlsnap'
    again = f"rm -f disk/*.draft; {collect} --resume || {collect}"
    with disk(place):
        ended = run(cwd=place, before=on_disk(size_kib, collect, again))
    first, then = codes(ended.err)
    assert then in (0, 2)
    assert (first, "kept" in ended.err) in {(2, True), (0, False)}


def test_reports_are_whole_or_not_there_and_the_evidence_is_kept(place: Path) -> None:
    # Reports that take more room than what the collection works in.
    many = "-f html,sarif-full,json,text,gitlab,oscal --profile strict"
    scan = f'"$@" scan code -o disk/out {many} {" ".join(EASY)}'
    again = f'ls disk/out >&2; "$@" scan disk/out/evidence.mlsnap -o disk/out {" ".join(EASY)}'
    sizes = range(4500, 12000, 500) if MOUNTS else [1500]
    tried = (run(cwd=place, before=on_disk(size_kib, scan, again)) for size_kib in sizes)
    ended = next((each for each in tried if "report could not" in each.err or not MOUNTS), None)
    assert ended is not None
    if MOUNTS:
        assert codes(ended.err) == (2, 0), ended.err
        assert "the evidence is kept: mlsec scan disk/out/evidence.mlsnap" in ended.err
        listed = ended.err.partition("FIRST=2")[2].partition("THEN")[0].split()
        assert listed[0] == "evidence.mlsnap"
        assert "report.html" not in listed[:2]
    assert "Traceback" not in ended.err


def test_a_scan_without_a_folder_does_not_claim_to_have_kept_anything(place: Path) -> None:
    ended = run("scan", "code", cwd=place, before="ulimit -f 100")
    check_refused(ended, "the disk is full or failing", "TMPDIR")
    assert "kept" not in ended.err
    assert run("scan", "code", *EASY, cwd=place, before="ulimit -f 100000").code == 0


@pytest.mark.parametrize("words", ["sign code --key k.pem", "snapshot export e.mlsnap -o twin"])
def test_no_other_file_is_left_half_written(words: str, place: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "k.pem"],  # noqa: S607
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "code").symlink_to(place / "code")
    assert run("collect", "code", "-o", "e.mlsnap", cwd=tmp_path).code == 0
    ended = run(*words.split(), cwd=tmp_path, before="ulimit -f 4")
    check_refused(ended)
    assert not (place / "code" / "model.sig").exists()
    assert run(*words.split(), cwd=tmp_path).code == 0
    (place / "code" / "model.sig").unlink(missing_ok=True)

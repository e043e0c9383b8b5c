"""A bucket taken apart: every object in one part, none too large, and no model cut in two."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.collect.folders.entry import Bucket, Entry, Skipped, StoreError, Within
from mlsec.core.enums import GapReason
from mlsec.fleet.discovery.buckets import Area, areas_of
from mlsec.fleet.units import Kind, State
from tests.fleet.company import comparable
from tests.fleet.one_worker import scan
from tests.model_files.fake_stores import serve
from tests.model_files.generated_stores import Generated, Names, environment


class _Listed:
    """A bucket that lists these keys, in this order."""

    def __init__(self, keys: list[str], prefix: str = "", error: StoreError | None = None) -> None:
        self._keys, self.prefix, self._error = keys, prefix, error

    def objects(self) -> Iterator[Entry | Skipped]:
        for key in self._keys:
            if key.startswith(self.prefix):
                yield Entry(id=key, path=key, key=key, size_bytes=1)
        if self._error is not None:
            raise self._error


def areas(keys: list[str], most: int, prefix: str = "") -> tuple[Area, ...]:
    return areas_of(cast("Bucket", _Listed(keys, prefix)), most)


def inside(area: Area, key: str) -> bool:
    """Whether an area shows an object, as a bucket decides it."""
    if not key.startswith(area.prefix):
        return False
    is_below = "/" in key[area.prefix.rfind("/") + 1 :]
    return area.within is Within.ALL or is_below == (area.within is Within.BELOW)


def test_small_bucket_stays_whole() -> None:
    assert areas(["a/1", "b/2"], 2) == (Area(prefix=""),)


def test_small_neighbours_are_one_part_by_the_beginning_of_their_names() -> None:
    keys = [f"day={day:02}/{n}.csv" for day in range(20) for n in range(5)]
    assert areas(keys, 50) == (
        Area(prefix="day=0", within=Within.BELOW),
        Area(prefix="day=1", within=Within.BELOW),
    )


def test_files_beside_folders_are_a_part_of_their_own() -> None:
    keys = ["README.md", "a/1", "a/2", "b/1", "b/2"]
    assert areas(keys, 2) == (
        Area(prefix="", within=Within.TOP), Area(prefix="a/"), Area(prefix="b/")
    )  # fmt: skip


@pytest.mark.parametrize("file", ["config.json", "model.sig", "MLmodel"])
def test_model_with_its_folders_stays_whole_however_large_it_is(file: str) -> None:
    keys = sorted([f"m/{file}", *(f"m/shards/{n}/x" for n in range(9)), "n/1"])
    assert areas(keys, 2) == (Area(prefix="m/"), Area(prefix="n/"))


def test_code_that_servers_run_stays_with_what_lies_beside_its_folder() -> None:
    keys = ["m/code/inference.py", "m/old/1", "m/old/2", "m/weights.bin"]
    assert areas(keys, 3) == (Area(prefix="m/"),)
    assert areas([*keys[:3], "weights.bin"], 3) == (
        Area(prefix="", within=Within.TOP), Area(prefix="m/")
    )  # fmt: skip


def test_beginning_that_was_asked_for_is_kept() -> None:
    keys = ["live/a/1", "live/a/2", "live/b/1", "live2/1", "lost/1"]
    assert areas(keys, 2, "live/") == (Area(prefix="live/a/"), Area(prefix="live/b/"))
    assert {area.prefix for area in areas(keys, 2, "li")} == {"live/a/", "live/b/", "live2/"}
    assert areas([*keys, "live.txt"], 2, "li") == (Area(prefix="li"),)


def test_listing_in_no_order_is_one_part() -> None:
    assert areas(["a/1", "b/1", "a/2", "b/2"], 1) == (Area(prefix=""),)


def test_listing_by_folder_where_a_name_sorts_before_its_slash_is_in_order() -> None:
    assert {area.prefix for area in areas(["a/1", "a/2", "a-b/1", "a-b/2"], 2)} == {"a/", "a-b/"}


def test_listing_that_breaks_off_is_no_smaller_bucket() -> None:
    error = StoreError(GapReason.DENIED, "no")
    with pytest.raises(StoreError):
        areas_of(cast("Bucket", _Listed(["a/1", "b/1"], error=error)), 1)


_NAMES = st.lists(
    st.text("ab/", min_size=1, max_size=6).map(
        lambda text: "/".join(filter(None, f"{text}x".split("/")))
    ),
    unique=True, max_size=40,
)  # fmt: skip


@given(_NAMES, st.integers(1, 5), st.booleans())
def test_every_object_is_in_one_part_and_no_folder_is_cut(
    keys: list[str], most: int, is_by_folder: bool
) -> None:
    keys.sort(key=(lambda key: tuple(key.split("/"))) if is_by_folder else None)
    parts = areas(keys, most)
    where = {key: [part for part in parts if inside(part, key)] for key in keys}
    assert all(len(found) == 1 for found in where.values())
    folders: dict[str, set[Area]] = {}
    for key, (part,) in where.items():
        folders.setdefault(key.rpartition("/")[0], set()).add(part)
    assert all(len(found) == 1 for found in folders.values())
    for part in parts:
        shown = [key for key in keys if inside(part, key)]
        assert shown or not keys
        assert len(shown) <= most or len({key.rpartition("/")[0] for key in shown}) == 1


def test_parts_of_a_bucket_give_what_one_scan_of_it_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(Generated("s3", Names(300, every=20), 100)) as url:
        for name, text in environment("s3", url).items():
            monkeypatch.setenv(name, text)
        monkeypatch.setenv("MLSEC_FLEET_SALT", "a salt for tests, no secret")
        target = {"target": "s3://models", "split": True, "split-objects": 50}
        done = scan({
            "organisation": "nordlicht", "targets": [target],
            "store": str(tmp_path / "shards"), "reports": str(tmp_path / "reports"),
        })  # fmt: skip
        one = ["mlsec", "scan", "s3://models", "--no-cache", "--format", "json"]
        command = [sys.executable, "-m", *one, "-o", str(tmp_path / "one")]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    assert {(piece.state, piece.error) for piece in done.pieces} == {(State.DONE, "")}
    parts = [piece.task.address for piece in done.pieces if piece.kind is Kind.COLLECT]
    assert sorted(parts) == [f"s3://models/p0{n}" for n in range(10)]
    apart, whole = judged(tmp_path / "reports" / "organisation"), judged(tmp_path / "one")
    assert apart == whole
    assert whole["counted"] == {"files.artifact": [300, 15, 285, 0], "files.folder": [15, 15, 0, 0]}
    assert len(whole["passed"]) > 15


def judged(folder: Path) -> dict[str, Any]:
    """What was found in which object, whatever part of the bucket it was read with."""
    document = comparable(folder)
    counted: dict[str, list[int]] = {}
    for row in document["coverage"]["types"]:
        sums = counted.setdefault(row["type"], [0, 0, 0, 0])
        counts = [row[name] for name in ("enumerated", "assessed", "excluded", "errored")]
        counted[row["type"]] = [a + b for a, b in zip(sums, counts, strict=True)]
    findings = {
        (found["rule"], found["status"], found["resource"]["id"], found["message"])
        for found in document["findings"]
    }
    return {
        "counted": counted, "totals": document["coverage"]["totals"], "findings": findings,
        "passed": {rule: sorted(ids) for rule, ids in document["passed"].items()},
        "gaps": document["gaps"],
    }  # fmt: skip

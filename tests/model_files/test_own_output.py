"""What a scan writes into its own target is left out and counted, and hides nothing else."""

from __future__ import annotations

import io
import os
import pickle
import sqlite3
import zipfile
from pathlib import Path

import msgspec
import pytest

from mlsec.artifacts.sandbox.jobs import LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from mlsec.collect.code.code_file import Language
from mlsec.collect.folders.entry import Entry
from mlsec.collect.folders.local import LocalStore
from mlsec.core.assessment import Assessment
from mlsec.model_files.evidence import Inspected
from mlsec.model_files.selection import left_out_because
from mlsec.render.write import files_in
from mlsec.repository.language import language_of
from mlsec.snapshot.file_names import files_of
from mlsec.snapshot.store import Snapshot


class Shell:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("id",)


def reason(path: Path, *, has_model: bool = False, is_written: bool = False) -> str:
    size = path.stat().st_size
    entry = Entry(id=path.name, path=path.name, size_bytes=size, version="1", is_written=is_written)
    job = LocalJob(id=entry.id, path=str(path), name=entry.path)
    ((_, inspection),) = inspect_many([job], workers=1)
    return left_out_because(
        entry, Inspected(entry=entry, inspection=inspection), has_model=has_model
    )


def test_only_the_files_that_a_scan_works_in_are_left_out_of_its_target(tmp_path: Path) -> None:
    out = tmp_path / "out"
    own = ("evidence.mlsnap.part", "evidence.mlsnap.part-wal")
    replaced = ("report.html", "SHA256SUMS")
    others = ("evidence.mlsnap.bak", "model.pkl", "results.sarif", "deep/report.html")
    for name in (*own, *replaced, *others):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("x")
    (tmp_path / "alias").symlink_to(out / "report.html")
    (tmp_path / "report.html").write_text("x")
    written, in_use = files_in(out, ["html"]), files_of(out / "evidence.mlsnap")
    listing = LocalStore(tmp_path, written, in_use).listing()
    marked = {entry.path for entry in listing.entries if entry.is_written}
    assert marked == {"alias", *(f"out/{name}" for name in replaced)}
    assert {entry.path for entry in listing.entries} - marked == {
        "report.html",
        *(f"out/{name}" for name in others),
    }
    assert [(skipped.id.rpartition("/")[2], skipped.why) for skipped in listing.skipped] == [
        (name, "written by this scan") for name in own
    ]


def test_an_earlier_report_is_left_out_and_what_poses_as_one_is_not(tmp_path: Path) -> None:
    for name in ("report.html", "assessment.json", "catalogue.json"):
        (tmp_path / name).write_text('<!doctype html>{"auto_map": "x"}')
        assert reason(tmp_path / name, has_model=True, is_written=True) == "written by this scan"
        (tmp_path / name).write_bytes(pickle.dumps(Shell()))
        assert reason(tmp_path / name, has_model=True, is_written=True) == ""


def test_evidence_of_an_earlier_scan_is_left_out_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "old.mlsnap"
    with Snapshot.create(path) as snapshot:
        snapshot.finish()
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as held:
        held.execute("create table a (b)")
    assert "evidence of an mlsec scan" in reason(path, has_model=True)
    assert reason(other, has_model=True) == "an SQLite file, in which no model lies"


def test_what_a_loader_runs_is_judged_also_behind_the_head_of_evidence(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps(Shell()))
        archive.writestr("m/version", "3\n")
    head = bytearray(4096)
    head[:16], head[68:72] = b"SQLite format 3\0", b"mlse"
    for name, body in (("evidence.mlsnap", held.getvalue()), ("a.pt", pickle.dumps(Shell()))):
        path = tmp_path / name
        path.write_bytes(bytes(head) + body)
        assert reason(path) == ""


_KEYS = {field.encode_name: None for field in msgspec.structs.fields(Assessment)}
_TALK = {"findings": "AWSTemplateFormatVersion and Type: AWS::S3::Bucket"}


@pytest.mark.parametrize(
    ("more", "language"), [({}, None), ({"Resources": {}}, Language.CLOUDFORMATION)]
)
def test_assessment_is_no_code_unless_it_declares_something_too(
    more: dict[str, object], language: Language | None
) -> None:
    text = msgspec.json.encode({**_KEYS, "schema": "mlsec/assessment/2", **_TALK, **more}).decode()
    assert language_of("out/assessment.json", text) is language

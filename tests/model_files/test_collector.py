"""From a folder or a bucket to an assessment: everything that was listed is told of."""

from __future__ import annotations

import json
import os
import pickle
from collections import Counter
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.artifacts.bytes.window import FileSource
from mlsec.artifacts.errors import ChangedError
from mlsec.artifacts.facts import Inspection
from mlsec.collect.folders.entry import Entry
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason, Severity, Status
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory
from mlsec.engine.model.rule import RuleSet
from mlsec.model_files import collector
from mlsec.model_files.cache import InspectionCache
from mlsec.signing.models.local_model import LocalModel
from mlsec.snapshot.seal import content_digest
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory
from tests.artifacts.builders import BENIGN
from tests.model_files import fake_stores
from tests.model_files.fake_stores import Blobs


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo inert",)


HOSTILE = pickle.dumps([_Runs()])


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return pipeline.load(pipeline.Judging(select=("artifact/*", "model-folder/*")))


def collected(
    target: Path | str, snapshot: Path, ruleset: RuleSet, *, resume: bool = False
) -> None:
    settings = CollectSettings(vocabulary=ruleset.vocabulary, tries=1)
    pipeline.collect((str(target),), snapshot, settings, resume=resume, say=lambda *_: None)


def inventory(snapshot: Path, ruleset: RuleSet) -> Inventory:
    with Snapshot.open(snapshot) as opened:
        return read_inventory(opened, ruleset.vocabulary)


def judged(snapshot: Path, ruleset: RuleSet) -> Assessment:
    with Snapshot.open(snapshot) as opened:
        return pipeline.judge(opened, ruleset, pipeline.Judging(), lambda *_: None)


def test_listed_is_assessed_or_left_out_or_not_read(tmp_path: Path, ruleset: RuleSet) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (root / "evil.bin").write_bytes(HOSTILE)
    (root / "notes.md").write_text("# what this is\n")
    (root / "empty.pkl").write_bytes(b"")
    (root / "noise").write_bytes(bytes(range(1, 256)) * 9)
    os.mkfifo(root / "pipe")
    collected(root, tmp_path / "s.mlsnap", ruleset)
    (row,) = [
        row
        for row in inventory(tmp_path / "s.mlsnap", ruleset).coverage.rows
        if row.type == "files.artifact"
    ]
    assert (row.enumerated, row.assessed, row.excluded, row.errored) == (5, 1, 2, 2)


def test_file_that_no_reader_knows_is_told_once_and_never_passes(
    tmp_path: Path, ruleset: RuleSet
) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (root / "noise").write_bytes(bytes(range(1, 256)) * 9)
    collected(root, tmp_path / "s.mlsnap", ruleset)
    found = judged(tmp_path / "s.mlsnap", ruleset)
    about = [f for f in found.findings if f.resource.id.endswith("noise")]
    told = {f.rule for f in about if f.status is Status.NOT_ASSESSED}
    assert told == {"artifact/not-fully-read"}
    passing = {rule for rule, ids in found.passed.items() if any("noise" in one for one in ids)}
    assert not passing


def saved_model(root: Path, shard: bytes) -> Path:
    """A folder as TensorFlow saves a model; its index tells of 24 bytes."""
    (root / "variables").mkdir(parents=True)
    (root / "saved_model.pb").write_bytes(BENIGN["saved-model/plain"]())
    (root / "fingerprint.pb").write_bytes(b"\x08\x05\x32\x02\x08\x04")
    (root / "variables" / "v.index").write_bytes(BENIGN["bundle/index"]())
    (root / "variables" / "v.data-00000-of-00001").write_bytes(shard)
    return root


def test_honest_saved_model_is_assessed_whole(tmp_path: Path, ruleset: RuleSet) -> None:
    collected(saved_model(tmp_path / "m", b"\x3f" * 24), tmp_path / "s.mlsnap", ruleset)
    found = judged(tmp_path / "s.mlsnap", ruleset)
    assert (found.gaps, [f for f in found.findings if f.status is Status.NOT_ASSESSED]) == ((), [])
    assert not [f for f in found.findings if f.rule.startswith("artifact/")]


def test_bytes_of_no_tensor_are_a_finding_about_the_shard(tmp_path: Path, ruleset: RuleSet) -> None:
    collected(saved_model(tmp_path / "m", b"\x3f" * 30), tmp_path / "s.mlsnap", ruleset)
    found = judged(tmp_path / "s.mlsnap", ruleset)
    failed = {f.resource.name for f in found.findings if f.rule == "artifact/has-unaccounted-bytes"}
    assert failed == {"variables/v.data-00000-of-00001"}


def test_refused_objects_are_not_assessed_and_name_the_right(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs({"a.pkl": HOSTILE, "b.pkl": HOSTILE})
    blobs.refuse["b.pkl"] = 403
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    with fake_stores.serve(fake_stores.gcs(blobs)) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        collected("gs://models/", tmp_path / "s.mlsnap", ruleset)
    found = judged(tmp_path / "s.mlsnap", ruleset)
    by_file = Counter((f.resource.name, f.status) for f in found.findings)
    assert by_file["a.pkl", Status.FAIL] > 0
    assert by_file["b.pkl", Status.FAIL] == 0
    (gap,) = [gap for gap in found.gaps if gap.subject.endswith("b.pkl")]
    assert (gap.reason, gap.missing_right) == (GapReason.DENIED, "storage.objects.get")


def test_resume_reads_only_what_is_new_or_changed(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "models"
    root.mkdir()
    for name in ("a", "b", "c"):
        (root / f"{name}.pkl").write_bytes(HOSTILE)
    collected(root, tmp_path / "s.mlsnap", ruleset)
    (root / "b.pkl").write_bytes(pickle.dumps({"w": 1}))
    read: list[str] = []
    real = collector.inspect_many
    monkeypatch.setattr(
        collector,
        "inspect_many",
        lambda jobs, **options: real(
            [job for job in jobs if read.append(job.name) is None], **options
        ),  # type: ignore[func-returns-value]
    )
    collected(root, tmp_path / "s.mlsnap", ruleset, resume=True)
    assert read == ["b.pkl"]


def test_same_folder_gives_the_same_evidence_twice(tmp_path: Path, ruleset: RuleSet) -> None:
    root = tmp_path / "models"
    root.mkdir()
    for name in ("a", "b", "c"):
        (root / f"{name}.pkl").write_bytes(HOSTILE)
    seals = []
    for name in ("one", "two"):
        collected(root, tmp_path / f"{name}.mlsnap", ruleset)
        with Snapshot.open(tmp_path / f"{name}.mlsnap") as snapshot:
            seals.append(content_digest(snapshot.meta(), snapshot.calls()))
    assert seals[0] == seals[1]


def test_program_source_counts_only_beside_a_model(tmp_path: Path, ruleset: RuleSet) -> None:
    root = tmp_path / "repository"
    for folder in ("tool", "model"):
        (root / folder).mkdir(parents=True)
        (root / folder / "inference.py").write_text("import os\nos.system('echo inert')\n")
    (root / "model" / "weights.pkl").write_bytes(pickle.dumps({"w": [1.0]}))
    collected(root, tmp_path / "s.mlsnap", ruleset)
    judged_ids = {one.id for one in inventory(tmp_path / "s.mlsnap", ruleset).resources}
    assert {one.removeprefix(f"{root}/") for one in judged_ids} == {
        "model/",
        "model/inference.py",
        "model/weights.pkl",
    }


def test_template_that_runs_code_is_judged_with_no_model_beside_it(
    tmp_path: Path, ruleset: RuleSet
) -> None:
    root = tmp_path / "templates"
    root.mkdir()
    runs_code = "{{ cycler.__init__.__globals__.os.popen('echo inert') }}"
    (root / "chat.jinja").write_text(runs_code)
    (root / "settings.json").write_text(json.dumps({"chat_template": runs_code}))
    (root / "page.html").write_text(f"<p>{runs_code}</p>")
    collected(root, tmp_path / "s.mlsnap", ruleset)
    failed = {
        (one.resource.name, one.rule)
        for one in judged(tmp_path / "s.mlsnap", ruleset).findings
        if one.severity is Severity.CRITICAL and one.status is Status.FAIL
    }
    rule = "artifact/template-runs-code"
    assert failed == {("chat.jinja", rule), ("settings.json", rule)}


def test_coverage_says_how_many_files_were_left_out_and_that_some_would_be_flagged(
    tmp_path: Path, ruleset: RuleSet
) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    for name in ("a.md", "b.md"):
        (root / name).write_text("# words\n")
    (root / "tags.yaml").write_text("x: !!python/object/apply:os.system [echo inert]\n")
    collected(root, tmp_path / "s.mlsnap", ruleset)
    (row,) = [
        row
        for row in inventory(tmp_path / "s.mlsnap", ruleset).coverage.rows
        if row.type == "files.artifact"
    ]
    assert row.excluded_because.split("; ", 1) == [
        "text, with no model beside it (2)",
        "yaml, with no model beside it; beside one it would be flagged (1)",
    ]


def test_called_name_is_not_told_again_as_an_import(tmp_path: Path, ruleset: RuleSet) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (root / "evil.pkl").write_bytes(HOSTILE)
    (root / "named.pkl").write_bytes(pickle.dumps([os.system]))
    collected(root, tmp_path / "s.mlsnap", ruleset)
    failed = {
        (one.resource.name, one.rule)
        for one in judged(tmp_path / "s.mlsnap", ruleset).findings
        if one.severity in {Severity.CRITICAL, Severity.HIGH} and one.status is Status.FAIL
    }
    assert failed == {
        ("evil.pkl", "artifact/calls-dangerous-code"),
        ("named.pkl", "artifact/names-dangerous-code"),
    }


def test_unchanged_object_is_not_fetched_twice_and_a_changed_one_is(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = Blobs({"a.pkl": HOSTILE, "b.pkl": HOSTILE})
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    settings = CollectSettings(
        vocabulary=ruleset.vocabulary, tries=1, cache=tmp_path / "cache" / "i.sqlite"
    )
    sent, seals = [], []
    with fake_stores.serve(fake_stores.gcs(blobs)) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        for name in ("one", "two", "three"):
            path = tmp_path / f"{name}.mlsnap"
            if name == "three":
                blobs.replace("b.pkl", HOSTILE + b"\0")
            blobs.sent_bytes = 0
            pipeline.collect(("gs://models/",), path, settings, resume=False, say=lambda *_: None)
            sent.append(blobs.sent_bytes)
            with Snapshot.open(path) as snapshot:
                seals.append(content_digest(snapshot.meta(), snapshot.calls()))
    assert sent == [2 * len(HOSTILE), 0, len(HOSTILE) + 1]
    assert seals[0] == seals[1] != seals[2]


def test_broken_cache_is_as_good_as_none(tmp_path: Path, ruleset: RuleSet) -> None:
    broken = tmp_path / "i.sqlite"
    broken.write_bytes(b"not a database" * 100)
    entry = Entry(id="gs://m/a", path="a", size_bytes=1, version="1")
    cache = InspectionCache(broken)
    cache.keep(entry, Inspection(size_bytes=1))
    assert cache.find(entry) is None


@pytest.mark.parametrize("target", [".", "models", "models/evil.pkl"])
def test_annotations_point_into_the_repository_wherever_the_scan_was_started(
    target: str, tmp_path: Path, ruleset: RuleSet
) -> None:
    root = tmp_path / "repository"
    (root / "models").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "models" / "evil.pkl").write_bytes(HOSTILE)
    collected(root / target, tmp_path / "s.mlsnap", ruleset)
    resources = inventory(tmp_path / "s.mlsnap", ruleset).resources
    assert {one.origin.file for one in resources} == {"models/evil.pkl"}


def _never(*_: object, **__: object) -> bytes:
    raise ChangedError("the file became shorter while it was read")


def test_a_file_that_changes_while_it_is_hashed_has_no_digest(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read in another process before; one file must not end the scan."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.pkl").write_bytes(pickle.dumps([1]))
    monkeypatch.setattr(FileSource, "read_at", _never)
    settings = CollectSettings(vocabulary=ruleset.vocabulary, tries=1, has_digests=True)
    pipeline.collect(
        (str(tmp_path / "m"),), tmp_path / "s", settings, resume=False, say=lambda *_: None
    )
    assert inventory(tmp_path / "s", ruleset).resources


def test_a_folder_whose_signatures_cannot_be_listed_is_told(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.pkl").write_bytes(pickle.dumps([1]))

    def refused(_: object) -> tuple[object, ...]:
        raise MlsecError("cannot be listed: Permission denied")

    monkeypatch.setattr(LocalModel, "discover", refused)
    collected(tmp_path / "m", tmp_path / "s", ruleset)
    gaps = inventory(tmp_path / "s", ruleset).gaps
    assert any("cannot be listed" in gap.detail for gap in gaps)


def test_leaving_a_bucket_early_lets_go_of_the_cache(
    tmp_path: Path, ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[object] = []

    def close(cache: InspectionCache) -> None:
        closed.append(cache)

    monkeypatch.setattr(InspectionCache, "close", close)
    monkeypatch.setattr(collector, "inspect_many", _never)
    blobs = Blobs({"a.pkl": pickle.dumps([1])})
    with fake_stores.serve(fake_stores.gcs(blobs)) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
        cache = tmp_path / "cache"
        settings = CollectSettings(vocabulary=ruleset.vocabulary, tries=1, cache=cache)
        with pytest.raises(ChangedError):
            pipeline.collect(
                ("gs://models",), tmp_path / "s", settings, resume=False, say=lambda *_: None
            )
    assert len(closed) == 1

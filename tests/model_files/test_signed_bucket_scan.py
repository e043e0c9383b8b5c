"""What a scan and the command say of signed models in buckets: the same as of folders."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping

import pytest

from mlsec import pipeline
from mlsec.cli.main import main
from mlsec.collect.folders.entry import Listing
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.model_files.signatures import read_far_signatures
from mlsec.signing.verdicts.verdict import Answer
from mlsec.snapshot.store import Snapshot
from tests.model_files.signed_place import WEIGHTS, Place
from tests.signing.workshop import FILES


def test_scan_of_a_whole_bucket_keeps_a_verdict_of_each_signed_folder(place: Place) -> None:
    place.upload()
    for target in (place.root, f"{place.root}/prod/", f"{place.root}/prod"):
        (found,) = (
            one
            for one in place.scanned(target, place.trust).values()
            if one.folder.endswith("chat")
        )
        assert found.verdict is not None
        assert found.verdict.answer is Answer.VERIFIED
        assert set(found.claimed) == set(FILES)


def test_signature_without_a_policy_is_named_and_not_believed(place: Place) -> None:
    place.upload()
    found = place.scanned(place.target, None)[""]
    assert (found.verdict, found.problem) == (None, "")
    assert set(found.claimed) == set(FILES)


def test_folder_that_was_listed_in_part_is_not_judged(place: Place) -> None:
    place.upload()
    found = place.scanned(f"{place.root}/prod/chat/model", place.trust)[""]
    assert found.verdict is None
    assert "only a part" in found.problem


def test_listing_that_was_refused_is_no_model_without_signature(place: Place) -> None:
    place.upload()
    bucket = place.bucket()
    whole = bucket.listing()
    cut = Listing(
        entries=tuple(one for one in whole.entries if not one.path.endswith(".sig")),
        is_complete=False,
    )
    (found,) = read_far_signatures(bucket, cut, place.trust)
    assert found.verdict is None
    assert "could be listed" in found.problem


def test_command_verifies_a_bucket(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.upload()
    words = ["verify", place.target, "--trust", str(place.trust), "--now", "2026-06-01"]
    assert main(words) == 0
    assert "3 files signed" in capsys.readouterr().out
    away = place.folder / "kept-elsewhere.sig"
    away.write_bytes(place.blobs.content.pop("prod/chat/model.sig"))
    assert main(words) == 10
    assert main([*words, "--signature", str(away), "-f", "sarif"]) == 0
    place.blobs.refuse[WEIGHTS] = 403
    assert main([*words, "--signature", str(away)]) == 11
    for address in (f"{place.root}/prod/none", "ftp://models/chat"):
        assert main(["verify", address, "--trust", str(place.trust)]) == 2


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return pipeline.load(pipeline.Judging(select=("model-folder/*",)))


BENT: Mapping[str, tuple[Callable[[Place], object], set[str]]] = {
    "as signed": (lambda _: None, set()),
    "changed": (
        lambda place: place.blobs.replace(WEIGHTS, b"WEIGHTS" * 40),
        {"model-folder/content-differs-from-signed"},
    ),
    "extra": (
        lambda place: place.blobs.replace("prod/chat/extra.pkl", pickle.dumps({"w": [2.0]})),
        {"model-folder/extra-unsigned-file"},
    ),
    "unsigned": (
        lambda place: place.blobs.content.pop("prod/chat/model.sig"),
        {"model-folder/unsigned"},
    ),
}
NOT_ABOUT_SIGNATURES = {
    "model-folder/without-bill-of-materials",
    "model-folder/brings-custom-code",
    "model-folder/without-model-card",
    "model-folder/without-licence",
    "model-folder/without-provenance",
}


@pytest.mark.parametrize("bend", sorted(BENT))
def test_rules_tell_of_a_bucket_what_they_tell_of_a_folder(
    bend: str, place: Place, ruleset: RuleSet
) -> None:
    place.shop.write("weights.pkl", pickle.dumps({"w": [1.0]}))
    place.upload()
    change, expected = BENT[bend]
    change(place)
    snapshot = place.folder / "s.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, trust=place.trust, tries=1)
    pipeline.collect((place.target,), snapshot, settings, resume=False, say=lambda *_: None)
    with Snapshot.open(snapshot) as opened:
        found = pipeline.judge(opened, ruleset, pipeline.Judging(), lambda *_: None)
    failing = {one.rule for one in found.findings if one.status is Status.FAIL}
    assert failing - NOT_ABOUT_SIGNATURES == expected

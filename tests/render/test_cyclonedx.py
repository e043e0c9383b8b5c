"""The bill of materials: every model file once, valid by the library that owns the format."""

from __future__ import annotations

import json

import pytest

from mlsec.core.assessment import Assessment, ModelFile, ScanFacts
from mlsec.render.assessment_json import render_json
from mlsec.render.assessment_read import read_assessment
from mlsec.render.cyclonedx import render_cyclonedx

HOSTILE = '</script><img src=x onerror=alert(1)>\u202e"\\\n${{x}}'


def assessment(*files: ModelFile) -> Assessment:
    scan = ScanFacts(finished_at="2026-11-24T12:00:00Z", snapshot_digest="abc")
    return Assessment(scan=scan, model_files=files)


def model(path: str = "chat/model.gguf", **more: object) -> ModelFile:
    given = {"scope": "files/m", "folder": "m/chat/", "format": "gguf", "size_bytes": 5, **more}
    return ModelFile(id=f"m/{path}", path=path, **given)  # type: ignore[arg-type]


def problems(data: bytes) -> object:
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - a second to import
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - as above

    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode())


@pytest.mark.parametrize(
    "files",
    [
        (),
        (model(), model("chat/other.bin", format="unknown", is_read_whole=False)),
        (model(licence="apache-2.0"), model("b", licence="my own words"), model("c", licence="")),
        (model(digests={"sha256": "ab" * 32}, served_by=("arn:a", "arn:b"), danger="high"),),
        (model(HOSTILE, producer=HOSTILE, licence=HOSTILE),),
    ],
)
def test_bill_is_valid_cyclonedx(files: tuple[ModelFile, ...]) -> None:
    assert problems(render_cyclonedx(assessment(*files))) is None


def test_every_file_is_listed_once_with_what_was_found() -> None:
    bill = json.loads(
        render_cyclonedx(assessment(model(danger="high"), model("x", is_read_whole=False)))
    )
    found = {
        each["name"]: {one["name"]: one["value"] for one in each["properties"]}
        for each in bill["components"]
    }
    assert sorted(found) == ["chat/model.gguf", "x"]
    assert found["chat/model.gguf"]["mlsec:worst_finding"] == "high"
    assert found["x"]["mlsec:worst_finding"] == "not known"


def test_equal_assessments_give_equal_bytes() -> None:
    one = assessment(model(licence="mit"), model("b", served_by=("y", "x")))
    assert render_cyclonedx(one) == render_cyclonedx(one)


def test_bill_can_be_made_from_a_saved_assessment() -> None:
    given = assessment(model(digests={"sha256": "ab" * 32}, served_by=("arn:a",), danger="high"))
    saved = read_assessment(b"".join(render_json(given)))
    assert render_cyclonedx(saved) == render_cyclonedx(given)

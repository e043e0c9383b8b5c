"""SARIF and assessment.json: valid, bounded, stable, private, and honest about what is missing."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import hostile
import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.coverage import Coverage
from mlsec.core.errors import MlsecError
from mlsec.render import FORMATS, RenderSettings, read_assessment, write_reports
from mlsec.render.assessment_json import json_schema
from tests.sarif_checks import sarif_problems

ROOT = Path(__file__).resolve().parents[2]
SAMPLES: dict[str, Callable[[], Assessment]] = {
    "small": samples.small,
    "rich": samples.rich,
    "empty": samples.empty,
    "clean": samples.clean,
    "unread": samples.unread,
    "hostile": hostile.hostile,
    "over the soft limit": lambda: samples.huge(5_001),
    "over the hard limit": lambda: samples.huge(25_001),
    "more than 20 scopes": lambda: samples.huge(63, scopes=21),
}
QUICK = [name for name in SAMPLES if not name.startswith("over")]


def rendered(name: str, assessment: Assessment, settings: RenderSettings | None = None) -> bytes:
    """Render to one value, whether the format streams or not."""
    payload = FORMATS[name].render(assessment, settings or RenderSettings())
    return payload if isinstance(payload, bytes) else b"".join(payload)


def checker(variable: str, name: str) -> Path:
    """Find a checker: named by the environment, or in the tools beside the checkout."""
    for path in (Path(os.environ.get(variable, "")), ROOT.parent / "shared" / "tools" / name):
        if path.is_file():
            return path
    pytest.skip(f"{name} is not here; set {variable} to its path")


def place_sources(folder: Path, sarif: bytes) -> None:
    """Make the source files that results point at, as the scanned repository would hold them."""
    for run in json.loads(sarif)["runs"]:
        for result in run["results"]:
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            file = folder / unquote(uri)
            if len(file.name) < 200 and not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("\n" * 99)


@pytest.mark.parametrize("name", SAMPLES)
def test_upload_file_passes_the_strict_sarif_check(name: str, tmp_path: Path) -> None:
    files = write_reports(SAMPLES[name](), tmp_path, ["sarif"])
    uploads = [file for file in files if file.suffix == ".sarif"]
    for file in uploads:
        place_sources(tmp_path, file.read_bytes())
    assert uploads
    assert sarif_problems("--strict", "--repo-root", tmp_path, *uploads) == ""


@pytest.mark.parametrize("name", QUICK)
def test_archive_file_passes_the_strict_sarif_check(name: str, tmp_path: Path) -> None:
    files = write_reports(SAMPLES[name](), tmp_path, ["sarif-full"])
    archives = [file for file in files if file.suffix == ".sarif"]
    assert archives
    assert sarif_problems("--strict", "--full", *archives) == ""


def test_upload_holds_open_failures_only() -> None:
    runs = json.loads(rendered("sarif", samples.rich()))["runs"]
    results = [result for run in runs for result in run["results"]]
    assert len(results) == 9
    assert not any("suppressions" in one or one.get("kind", "fail") != "fail" for one in results)


def test_archive_holds_every_check() -> None:
    runs = json.loads(rendered("sarif-full", samples.rich()))["runs"]
    results = [result for run in runs for result in run["results"]]
    kinds = [one.get("kind", "fail") for one in results]
    assert (kinds.count("fail"), kinds.count("open"), kinds.count("pass")) == (10, 2, 8)
    assert sum(1 for one in results if one.get("suppressions")) == 1


def test_scope_where_nothing_could_be_read_has_no_run_that_would_close_its_alerts() -> None:
    run = json.loads(rendered("sarif", samples.unread()))["runs"][0]
    assert run["automationDetails"]["id"].startswith("mlsec/notices/")
    assert run["results"] == []
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert "nothing could be read" in notes[0]["message"]["text"]


def test_unread_checks_are_notifications_naming_the_action() -> None:
    run = json.loads(rendered("sarif", samples.rich()))["runs"][0]
    texts = [
        note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]
    ]
    assert any("Allow bedrock:ListGuardrails" in text for text in texts)
    assert run["invocations"][0]["executionSuccessful"] is True


def test_results_over_the_limit_are_grouped_and_counted() -> None:
    run = json.loads(rendered("sarif", samples.huge(25_001)))["runs"][0]
    results = run["results"]
    grouped = [one for one in results if "resourcesGrouped" in one["properties"]]
    assert 4_900 <= len(results) <= 5_000
    left_out = sum(one["properties"]["resourcesGrouped"] for one in grouped)
    assert left_out + len(results) - len(grouped) == 25_001
    assert f"{left_out:,} failures" in rendered("markdown", samples.huge(25_001)).decode()


def test_many_results_in_many_scopes_are_split_into_files_below_the_size_limit(
    tmp_path: Path,
) -> None:
    files = write_reports(samples.huge(40_000, scopes=8), tmp_path, ["sarif"])
    sizes = [len(gzip.compress(file.read_bytes())) for file in files if file.suffix == ".sarif"]
    assert max(sizes) < 8_000_000


def test_result_with_a_source_file_points_at_its_line_and_others_at_their_inventory_line(
    tmp_path: Path,
) -> None:
    sarif, inventory, _ = write_reports(samples.rich(), tmp_path, ["sarif"])
    lines = inventory.read_text().splitlines()
    assert lines == sorted(lines)
    places = {}
    for run in json.loads(sarif.read_bytes())["runs"]:
        for result in run["results"]:
            location = result["locations"][0]
            physical = location["physicalLocation"]
            place = physical["artifactLocation"]["uri"], physical["region"]["startLine"]
            places[location["logicalLocations"][0]["fullyQualifiedName"]] = place
    assert places.pop("arn:aws:s3:::rank-training") == ("infra/buckets.tf", 12)
    for resource, (uri, line) in places.items():
        assert uri == "mlsec-inventory.txt"
        assert lines[line - 1] == resource


def test_inventory_path_in_the_repository_can_be_chosen() -> None:
    settings = RenderSettings(sarif_inventory="./ci/my inventory.txt")
    sarif = rendered("sarif", samples.small(), settings)
    assert b'"uri":"ci/my%20inventory.txt"' in sarif


def test_attack_path_is_one_code_flow() -> None:
    run = json.loads(rendered("sarif", samples.rich()))["runs"][0]
    flows = [one["codeFlows"] for one in run["results"] if "codeFlows" in one]
    assert len(flows) == 1
    assert len(flows[0][0]["threadFlows"][0]["locations"]) == 6


@pytest.mark.parametrize("name", ["json", "sarif", "text", "markdown"])
def test_order_of_the_input_does_not_change_the_bytes(name: str) -> None:
    whole = samples.rich()
    shuffled = {
        field: tuple(random.Random(7).sample(getattr(whole, field), len(getattr(whole, field))))  # noqa: S311
        for field in ("findings", "gaps", "rules")
    }
    coverage = Coverage(rows=whole.coverage.rows[::-1], empty=whole.coverage.empty[::-1])
    other = msgspec.structs.replace(whole, coverage=coverage, **shuffled)
    assert rendered(name, whole) == rendered(name, other)


@pytest.mark.parametrize("name", QUICK)
def test_assessment_reads_back_and_renders_to_the_same_bytes(name: str) -> None:
    whole = SAMPLES[name]()
    payload = rendered("json", whole)
    again = read_assessment(payload, lambda digest, rules: whole.catalogue)
    if name == "hostile":  # what is masked or escaped may sort elsewhere the second time
        assert sorted(rendered("json", again)) == sorted(payload)
        return
    assert rendered("json", again) == payload
    assert rendered("markdown", again) == rendered("markdown", SAMPLES[name]())


@pytest.mark.parametrize("name", QUICK)
def test_assessment_fits_its_published_schema(name: str) -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    payload = rendered("json", SAMPLES[name]())
    jsonschema.Draft202012Validator(json.loads(json_schema())).validate(json.loads(payload))


def test_published_schema_is_the_generated_one() -> None:
    published = ROOT / "docs" / "assessment.schema.json"
    assert published.read_bytes() == json_schema(), (
        "run: python -c 'from mlsec.render.assessment_json import json_schema as s; "
        "import sys; sys.stdout.buffer.write(s())' > docs/assessment.schema.json"
    )


def test_contract_keys_of_the_assessment() -> None:
    document = json.loads(rendered("json", samples.small()))
    keys = {"schema", "tool", "scan", "coverage", "findings", "controls", "waivers"}
    assert keys <= document.keys()
    finding = {"fingerprint", "rule", "status", "severity", "category", "resource", "message"}
    assert finding | {"evidence", "gaps", "waiver"} <= document["findings"][0].keys()
    assert document["findings"][0]["severity"] == "critical"


@pytest.mark.parametrize("size", [0, 1, 50, 5_000])
def test_truncated_assessment_is_refused_in_one_sentence(size: int) -> None:
    payload = rendered("json", samples.small())[:size]
    with pytest.raises(MlsecError, match="not a complete"):
        read_assessment(payload)


def test_assessment_of_another_schema_is_refused() -> None:
    payload = rendered("json", samples.small()).replace(b"assessment/2", b"assessment/9")
    with pytest.raises(MlsecError, match="mlsec/assessment/9"):
        read_assessment(payload)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_shows_a_secret_shape(name: str) -> None:
    payload = rendered(name, hostile.hostile())
    if name == "html":
        payload += b"".join(_islands(payload))
    for canary in (b"AKIAABCDEFGH", b"hunter22", b"0123456789abcdef0123"):
        assert canary not in payload


def _islands(page: bytes) -> list[bytes]:
    found = re.findall(rb'<script type="application/gzip"[^>]*>([^<]*)</script>', page)
    return [gzip.decompress(base64.b64decode(one)) for one in found]

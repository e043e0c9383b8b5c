"""SARIF of code: on the line that decided, for every resource of a path, and never outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import samples
from test_machine_formats import rendered

from mlsec.core.assessment import Assessment
from mlsec.core.finding import AttackPath, Evidence, Finding, PathEdge, PathNode
from mlsec.render.locations import in_code, place_of
from mlsec.render.sarif.locations import relative_uri
from tests.sarif_checks import sarif_problems

ROLE = "infra/iam.tf"


def clause(resource: str, source: str) -> Evidence:
    """One deciding clause that was read at ``source``."""
    return Evidence(
        path="p", operator="eq", expected=1, actual=2, resource=resource, source=source
    )  # fmt: skip


def declared(*clauses: Evidence, file: str = "infra/main.tf", line: int = 10) -> Finding:
    """A finding of a resource that code declares, with a second resource on its path."""
    first = samples.small().findings[0]
    subject = msgspec.structs.replace(first.resource, file=file, line=line)
    return msgspec.structs.replace(
        first,
        resource=subject,
        evidence=clauses,
        path=AttackPath(
            nodes=(
                PathNode(id=subject.id, type="t", name="endpoint"),
                PathNode(id="role", type="t", name="role"),
            ),
            edges=(PathEdge(source=0, target=1, relation="role"),),
        ),
    )


def of(finding: Finding) -> Assessment:
    """An assessment with one finding."""
    return msgspec.structs.replace(samples.small(), findings=(finding,))


def result(finding: Finding) -> dict[str, Any]:
    """Its SARIF result."""
    found: dict[str, Any] = json.loads(rendered("sarif", of(finding)))["runs"][0]["results"][0]
    return found


def where(location: dict[str, Any]) -> tuple[str, int, int]:
    """File, line and column of a location."""
    physical = location["physicalLocation"]
    region = physical["region"]
    return physical["artifactLocation"]["uri"], region["startLine"], region["startColumn"]


def test_result_stands_on_the_deciding_property_not_on_the_head_of_its_block() -> None:
    own = samples.small().findings[0].resource.id
    found = result(declared(clause(own, "infra/main.tf:10:1"), clause(own, "infra/main.tf:14:5")))
    assert where(found["locations"][0]) == ("infra/main.tf", 14, 5)


def test_result_stands_on_the_head_when_the_deciding_property_is_not_written() -> None:
    own = samples.small().findings[0].resource.id
    found = result(declared(clause(own, "infra/main.tf:10:1"), clause("role", f"{ROLE}:3:3")))
    assert where(found["locations"][0]) == ("infra/main.tf", 10, 1)


def test_other_resources_stand_where_their_values_were_read() -> None:
    found = result(declared(clause("role", f"{ROLE}:3:7")))
    assert where(found["relatedLocations"][0]) == (ROLE, 3, 7)
    steps = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [where(step["location"]) for step in steps] == [("infra/main.tf", 10, 1), (ROLE, 3, 7)]


def test_fingerprint_stays_when_lines_move() -> None:
    own = samples.small().findings[0].resource.id
    before = result(declared(clause(own, "infra/main.tf:14:5")))
    after = result(declared(clause(own, "infra/main.tf:94:5"), line=90))
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert where(before["locations"][0]) != where(after["locations"][0])


@pytest.mark.parametrize(
    "source",
    [
        "../../etc/passwd:3:1", "/etc/passwd:3", "https://evil.example/x:3:1", "a:b:3", "x:0",
        "main.tf:99999999999999", "\x1b[31m.tf:3:1", "DescribeModel:VpcConfig", "", ":3:1",
    ],
)  # fmt: skip
def test_source_that_is_no_line_below_the_root_is_no_place(source: str) -> None:
    assert in_code(source) is None
    found = result(declared(clause("role", source)))
    assert where(found["relatedLocations"][0])[0] == "mlsec-inventory.txt"


def test_file_outside_the_repository_is_told_by_its_line_in_the_inventory() -> None:
    finding = declared(clause("", "/srv/main.tf:14:5"), file="/srv/main.tf")
    assert where(result(finding)["locations"][0])[0] == "mlsec-inventory.txt"


def test_place_of_a_finding_is_the_same_in_every_format() -> None:
    from mlsec.render.locations import build_inventory  # noqa: PLC0415

    finding = declared(clause("", "infra/main.tf:14:5"))
    place = place_of(finding, build_inventory(of(finding), "mlsec-inventory.txt"))
    uri, line, column = where(result(finding)["locations"][0])
    assert (uri, line, column) == (relative_uri(place.file), place.line, place.column)


def test_sarif_of_code_passes_the_strict_check(tmp_path: Path) -> None:
    own = samples.small().findings[0].resource.id
    finding = declared(clause(own, "infra/main.tf:14:5"), clause("role", f"{ROLE}:3:7"))
    upload = tmp_path / "results.sarif"
    upload.write_bytes(rendered("sarif", of(finding)))
    for name in ("infra/main.tf", ROLE, "mlsec-inventory.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("          \n" * 99)
    assert sarif_problems("--strict", "--repo-root", tmp_path, upload) == ""

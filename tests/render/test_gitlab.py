"""GitLab's own reports: within its rules, stable, inert, and with what was not assessed in them."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import hostile
import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.finding import Evidence
from mlsec.render import RenderSettings, write_reports
from mlsec.render.gitlab.quality import render_quality
from mlsec.render.gitlab.sast import render_sast

SAMPLES = {
    "small": samples.small,
    "rich": samples.rich,
    "empty": samples.empty,
    "clean": samples.clean,
    "unread": samples.unread,
    "hostile": hostile.hostile,
}
LINE = {"type": "integer", "minimum": 1}
TEXT = {"type": "string", "minLength": 1}
# What GitLab's documentation asks of a Code Quality report: four facts and a relative path.
QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": TEXT,
            "check_name": TEXT,
            "fingerprint": TEXT,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": LINE},
                    },
                },
            },
        },
    },
}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
MAKER = {
    "type": "object",
    "required": ["id", "name", "version", "vendor"],
    "properties": {
        "id": TEXT,
        "name": TEXT,
        "version": TEXT,
        "vendor": {"type": "object", "required": ["name"], "properties": {"name": TEXT}},
    },
}
# The part of version 15.0.6 of its security report schemas that binds what we write; told in our
# own words, and stricter where that says "string" of what has to be a place.
SAST = {
    "type": "object",
    "required": ["scan", "version", "vulnerabilities"],
    "properties": {
        "version": {"const": "15.0.6"},
        "scan": {
            "type": "object",
            "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
            "properties": {
                "analyzer": MAKER,
                "scanner": MAKER,
                "type": {"const": "sast"},
                "start_time": MOMENT,
                "end_time": MOMENT,
                "status": {"enum": ["success", "failure"]},
                "messages": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["level", "value"],
                        "properties": {
                            "level": {"enum": ["info", "warn", "fatal"]},
                            "value": TEXT,
                        },
                    },
                },
            },
        },
        "vulnerabilities": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "identifiers", "location", "name", "severity", "tracking"],
                "properties": {
                    "id": TEXT,
                    "name": {"type": "string", "minLength": 1, "maxLength": 255},
                    "description": {"type": "string", "maxLength": 1_048_576},
                    "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                    "solution": {"type": "string", "maxLength": 7_000},
                    "identifiers": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["type", "name", "value"],
                            "properties": dict.fromkeys(("type", "name", "value"), TEXT),
                        },
                    },
                    "links": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["url"],
                            "properties": {"url": {"type": "string", "pattern": "^https?://.+"}},
                        },
                    },
                    "location": {
                        "type": "object",
                        "required": ["file", "start_line", "end_line"],
                        "properties": {"file": TEXT, "start_line": LINE, "end_line": LINE},
                    },
                    "tracking": {
                        "type": "object",
                        "required": ["type", "items"],
                        "properties": {
                            "type": {"const": "source"},
                            "items": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["signatures"],
                                    "properties": {
                                        "signatures": {
                                            "type": "array",
                                            "minItems": 1,
                                            "items": {
                                                "required": ["algorithm", "value"],
                                                "properties": {"algorithm": {"const": "hash"}},
                                            },
                                        }
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def quality(assessment: Assessment) -> list[dict[str, Any]]:
    """The Code Quality report, read back."""
    found: list[dict[str, Any]] = json.loads(render_quality(assessment))
    return found


def sast(assessment: Assessment) -> dict[str, Any]:
    """The security report, read back."""
    found: dict[str, Any] = json.loads(render_sast(assessment))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_keep_gitlabs_rules(name: str) -> None:
    import jsonschema  # noqa: PLC0415 - a second to import

    made = SAMPLES[name]()
    jsonschema.validate(quality(made), QUALITY)
    jsonschema.validate(sast(made), SAST)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_fingerprint_is_there_once_and_stays(name: str) -> None:
    made = SAMPLES[name]()
    keys = [entry["fingerprint"] for entry in quality(made)]
    assert len(keys) == len(set(keys))
    ids = [one["id"] for one in sast(made)["vulnerabilities"]]
    assert len(ids) == len(set(ids))
    assert all(str(uuid.UUID(one)) == one for one in ids)
    turned = msgspec.structs.replace(made, findings=made.findings[::-1], gaps=made.gaps[::-1])
    assert render_quality(turned) == render_quality(made)
    assert render_sast(turned) == render_sast(made)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_finding_is_told_in_both(name: str) -> None:
    made = SAMPLES[name]()
    keys = {entry["fingerprint"] for entry in quality(made)}
    told = " ".join(entry["description"] for entry in quality(made))
    report = sast(made)
    signed = {
        one["tracking"]["items"][0]["signatures"][0]["value"] for one in report["vulnerabilities"]
    }
    messages = [one["value"] for one in report["scan"]["messages"]]
    for finding in made.findings:
        match finding.status, finding.waiver:
            case Status.FAIL, None:
                assert finding.fingerprint in keys
                assert finding.fingerprint in signed
            case Status.FAIL, _:
                assert finding.fingerprint in keys
                assert finding.fingerprint not in signed
                assert any(one.startswith("waived") and finding.rule in one for one in messages)
            case _:
                assert "Not assessed" in told
                assert finding.fingerprint not in signed


def test_what_could_not_be_read_is_neither_an_empty_list_nor_a_success() -> None:
    assert {entry["check_name"] for entry in quality(samples.unread())} >= {"mlsec/incomplete"}
    assert [entry["severity"] for entry in quality(samples.empty())] == ["major"]
    scan = sast(samples.empty())["scan"]
    assert (scan["status"], scan["messages"][0]["level"]) == ("failure", "fatal")
    levels = {one["level"] for one in sast(samples.unread())["scan"]["messages"]}
    assert levels & {"warn", "fatal"}


def test_whole_and_clean_scan_is_an_empty_list() -> None:
    assert quality(samples.clean()) == []


def test_gap_that_hides_no_check_is_an_entry_of_its_own() -> None:
    made = samples.unread()
    alone = msgspec.structs.replace(made, findings=())
    checks = [entry["check_name"] for entry in quality(alone)]
    assert checks.count("mlsec/not-read") == len(made.gaps)


def test_waiver_is_told_and_is_not_a_pass() -> None:
    waived = [one for one in samples.rich().findings if one.waiver]
    assert waived
    entries = {entry["fingerprint"]: entry for entry in quality(samples.rich())}
    for finding in waived:
        entry = entries[finding.fingerprint]
        assert entry["severity"] == "info"
        assert entry["description"].startswith("Waived until 20")


def test_result_stands_on_the_line_that_decided_and_keeps_its_fingerprint_when_lines_move() -> None:
    first = samples.small().findings[0]

    def at(head: int, line: int) -> Assessment:
        subject = msgspec.structs.replace(first.resource, file="infra/main.tf", line=head)
        clause = Evidence(
            path="p", operator="eq", expected=1, actual=2,
            resource=subject.id, source=f"infra/main.tf:{line}:3",
        )  # fmt: skip
        finding = msgspec.structs.replace(first, resource=subject, evidence=(clause,))
        return msgspec.structs.replace(samples.small(), findings=(finding,))

    before, after = quality(at(10, 14)), quality(at(30, 34))
    entry = next(one for one in before if one["fingerprint"] == first.fingerprint)
    moved = next(one for one in after if one["fingerprint"] == first.fingerprint)
    assert entry["location"] == {"path": "infra/main.tf", "lines": {"begin": 14}}
    assert moved["location"]["lines"]["begin"] == 34
    assert sast(at(10, 14))["vulnerabilities"][0]["location"]["start_line"] == 14


def test_description_of_hostile_names_neither_formats_nor_mentions_nor_embeds() -> None:
    for one in sast(hostile.hostile())["vulnerabilities"]:
        outside = re.sub(r"(?s)(`+)(?!`).+?(?<!`)\1(?!`)", "", one["description"])
        assert "<script" not in outside
        assert not re.search(r"(?<!\\)\]\(", outside)
        assert not re.search(r"(?<!\\)!\[", outside)
        assert "@everyone" not in outside
        assert "\x1b" not in one["description"]


def test_both_write_the_inventory_that_they_point_into(tmp_path: Path) -> None:
    write_reports(samples.rich(), tmp_path, ["gitlab", "gitlab-sast"], RenderSettings())
    lines = (tmp_path / "mlsec-inventory.txt").read_text().splitlines()
    entries = json.loads((tmp_path / "gl-code-quality-report.json").read_text())
    listed = [one for one in entries if one["location"]["path"] == "mlsec-inventory.txt"]
    assert listed
    assert all(one["location"]["lines"]["begin"] <= len(lines) for one in listed)

"""Seven scans of a folder that changes: what each changed, ages, times to fix and trends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec.cli.main import main
from tests.postgres import STORES, Server

# A day each: two images, what each runs as; "" is a folder without that file.
ROOT, USER, NONE = "USER root\n", "USER 1000\n", ""
WEEK = [
    # what the images run as, and what the scan then says of the rule
    (ROOT, NONE, {"new": 1}),
    (ROOT, ROOT, {"new": 1, "unchanged": 1}),
    (USER, ROOT, {"fixed": 1, "unchanged": 1}),
    (USER, "cut short", {"not_assessed_now": 1}),
    (ROOT, ROOT, {"regressed": 1, "unchanged": 1}),
    (ROOT, NONE, {"no_longer_seen": 1, "unchanged": 1}),
    (ROOT, NONE, {"unchanged": 1}),
]
RULE = "dockerfile/runs-as-root"
COUNTED = ("new", "regressed", "fixed", "unchanged", "no_longer_seen", "not_assessed_now")
Week = tuple[Path, str, list[dict[str, Any]]]
SCAN = ["--min-coverage", "0", "--select", RULE]


def evidence_of(day: int, api: str, worker: str, folder: Path) -> Path:
    """Collect what the folder is on a day of November; a scan cut short has lost an answer."""
    code = folder / "code"
    for name, text in (("api", api), ("worker", ROOT if worker == "cut short" else worker)):
        file = code / name / "Dockerfile"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if text:
            file.write_text(f"FROM python:3.12\n{text}")
    raw, taken = folder / f"{day}.mlsnap", folder / f"day-{day}"
    assert main(["collect", str(code), "-o", str(raw)]) == 0
    assert main(["snapshot", "export", str(raw), "-o", str(taken)]) == 0
    meta = json.loads((taken / "meta.json").read_text())
    meta["clock"] |= {f"{end}_at": f"2026-11-{day:02}T08:00:00Z" for end in ("started", "finished")}
    (taken / "meta.json").write_text(json.dumps(meta))
    if worker == "cut short":
        calls = [json.loads(line) for line in (taken / "calls.jsonl").read_text().splitlines()]
        for call in calls:
            if "worker" in str(call.get("params")) and "answer" in call:
                del call["answer"]
                call |= {"status": "gap", "reason": "timeout", "detail": "the time ran out"}
        (taken / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    return taken


@pytest.fixture(scope="module", params=STORES)
def week(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Week]:
    """The folder, the history of the seven scans, and the assessment of each."""
    folder = tmp_path_factory.mktemp("week")
    with contextlib.ExitStack() as stack:
        history = str(folder / "scans.db")
        if request.param == "postgresql":
            server: Server = request.getfixturevalue("postgres")
            history = server.url(stack.enter_context(server.database()))
        assessments = []
        for day, (api, worker, _) in enumerate(WEEK, 1):
            taken, out = evidence_of(day, api, worker, folder), folder / f"out-{day}"
            main(["scan", "--evidence", str(taken), *SCAN, "--history", history, "-o", str(out),
                  "-f", "json"])  # fmt: skip
            assessments.append(json.loads((out / "assessment.json").read_text()))
        yield folder, history, assessments


def test_each_scan_says_what_it_changed(week: Week) -> None:
    _, _, assessments = week
    counts = [
        {name: said["changes"][name] for name in COUNTED if said["changes"][name]}
        for said in assessments
    ]
    assert counts == [changed for _, _, changed in WEEK]
    assert [said["changes"]["since"][8:10] for said in assessments] == [
        "", "01", "02", "03", "04", "05", "06",
    ]  # fmt: skip


def test_each_assessment_carries_what_was_open_at_every_scan_so_far(week: Week) -> None:
    folder, history, assessments = week
    [series] = shown(history, folder)["series"]
    points = [
        {"finished_at": p["finished_at"], "open": p["failing"] + p["not_assessed"],
         "unread": p["not_assessed"]}
        for p in series["points"]
    ]  # fmt: skip
    for night, said in enumerate(assessments, 1):
        trend = [{"unread": 0} | point for point in said["changes"]["trend"]]
        assert trend == points[:night], night


def test_failure_that_was_not_read_is_open_and_not_assessed(week: Week) -> None:
    folder, history, assessments = week
    [lost] = assessments[3]["changes"]["absent"]
    assert lost["change"] == "not_assessed_now"
    assert lost["open_since"] == "2026-11-02T08:00:00Z"
    [series] = shown(history, folder)["series"]
    assert [(p["failing"], p["not_assessed"]) for p in series["points"]] == [
        (1, 0), (2, 0), (1, 0), (0, 1), (2, 0), (1, 0), (1, 0),
    ]  # fmt: skip


def test_age_goes_on_over_a_scan_that_could_not_tell_and_begins_anew_after_a_fix(
    week: Week,
) -> None:
    _, _, assessments = week
    ages = {
        finding["resource"]["name"]: (finding["first_seen"][:10], finding["open_since"][:10])
        for finding in assessments[4]["findings"]
    }
    assert ages == {
        "api/Dockerfile": ("2026-11-01", "2026-11-05"),
        "worker/Dockerfile": ("2026-11-02", "2026-11-02"),
    }


def test_only_what_was_seen_to_pass_counts_as_fixed(week: Week) -> None:
    [series] = shown(week[1], week[0])["series"]
    [medium] = [row for row in series["fix_times"] if row["severity"] == "medium"]
    assert medium == {
        "severity": "medium", "fixed": 1, "median_days": 2.0, "open": 1, "median_open_days": 2.0,
    }  # fmt: skip
    assert {name: [line["open"] for line in lines] for name, lines in series["lines"].items()} == {
        name: [[1, 2, 1, 1, 2, 1, 1]] for name in ("severity", "provider", "account", "concern")
    }


def test_open_failures_have_age_and_place(week: Week, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", week[1], "--open"]) == 0
    failure, total = capsys.readouterr().out.splitlines()
    assert failure.startswith(f"medium[{RULE}] open 2 days, since 2026-11-05: ")
    assert failure.endswith(", api/Dockerfile:1)")
    assert total == "1 failure is open"


def test_same_evidence_again_says_the_same(week: Week, tmp_path: Path) -> None:
    folder, history, assessments = week
    taken = folder / "day-7"
    main(["scan", "--evidence", str(taken), *SCAN, "--history", history, "-o", str(tmp_path),
          "-f", "json"])  # fmt: skip
    again = json.loads((tmp_path / "assessment.json").read_text())
    assert again["changes"] == assessments[6]["changes"]
    assert again["findings"] == assessments[6]["findings"]


def shown(history: str, folder: Path) -> Any:
    """What the command writes as JSON."""
    output = folder / "shown.json"
    assert main(["history", history, "-o", str(output)]) == 0
    return json.loads(output.read_text())

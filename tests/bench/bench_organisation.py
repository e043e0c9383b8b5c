"""Judging the evidence of an organisation: time and memory as its accounts double."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import msgspec

from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.folder import export_folder, import_folder
from tests.bench.measure import Cost, python_module, run_once, say, table
from tests.estate.model import ACCOUNT
from tests.estate.serve import RunningAws, Settings

DEPLOYMENTS = 50
# Each account has 538 resources: from 10,000 on to 100,000; 1,860 accounts have a million.
ACCOUNTS = tuple(map(int, os.environ.get("MLSEC_BENCH_ACCOUNTS", "20,40,100,200").split(",")))
_COMPANY = "nordlicht"


def main() -> None:
    """Collect one account, write it as many, judge each twice and print what it cost."""
    with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as scratch:
        folder = Path(scratch)
        _collect(folder)
        rows: list[tuple[str, ...]] = []
        floor = _scan(_copies(folder, 1), folder)
        before: tuple[int, float] | None = None
        for accounts in ACCOUNTS:
            evidence = _copies(folder, accounts)
            costs = [_scan(evidence, folder) for _ in range(2)]
            number = _resources(folder)
            cpu_s = min(cost.cpu_s for cost in costs)
            room_kib = 1024 * (max(cost.own_mib for cost in costs) - floor.own_mib) / number
            growth = f"{cpu_s / before[1]:.2f} x for {accounts / before[0]:.1f} x" if before else ""
            rows.append(
                (
                    f"{accounts:,}",
                    f"{number:,}",
                    " / ".join(f"{cost.cpu_s:.1f}" for cost in costs),
                    f"{1e6 * cpu_s / number:.0f}",
                    " / ".join(f"{cost.own_mib:.0f}" for cost in costs),
                    f"{room_kib:.1f}",
                    growth,
                )
            )
            before = (accounts, cpu_s)
            evidence.unlink()
    head = ("accounts", "resources", "CPU s", "us each", "MiB", "KiB each", "time grows")
    table("judging an organisation, two runs each, reports included", head, rows)
    say(f"  one account alone takes {floor.own_mib:.0f} MiB")


def _collect(folder: Path) -> None:
    with RunningAws(Settings(deployments=DEPLOYMENTS)) as aws:
        path = folder / "one.mlsnap"
        run_once([*python_module("mlsec", "collect", "aws", "-o", str(path))], aws.environment())
    with open_evidence(path) as snapshot:
        export_folder(snapshot, folder / "one")


def _copies(folder: Path, accounts: int) -> Path:
    """Write the evidence of so many accounts, each with a number and a company of its own."""
    one, many = folder / "one", folder / "many"
    many.mkdir(exist_ok=True)
    meta = json.loads((one / "meta.json").read_text("utf-8"))
    places = json.loads(meta["meta"]["aws.places"])
    first = places["scopes"][0]
    names = [f"{200_000_000_000 + number}" for number in range(accounts)]
    places["scopes"] = [{**first, "name": f"aws/{name}", "account": name} for name in names]
    meta["meta"]["aws.places"] = json.dumps(places, separators=(",", ":"))
    (many / "meta.json").write_text(json.dumps(meta), "utf-8")
    text = (one / "calls.jsonl").read_text("utf-8")
    lines = [
        line
        for number, name in enumerate(names)
        for line in text.replace(ACCOUNT, name).replace(_COMPANY, f"nl{number:05d}").splitlines()
    ]
    (many / "calls.jsonl").write_text("\n".join(sorted(lines)) + "\n", "utf-8")
    path = folder / f"{accounts}.mlsnap"
    import_folder(many, path)
    return path


def _scan(evidence: Path, folder: Path) -> Cost:
    asked = ["--fail-on", "none", "--min-coverage", "0", "-f", "json", "-o", str(folder / "out")]
    return run_once([*python_module("mlsec", "scan", str(evidence), *asked)], sample_s=0.05)


def _resources(folder: Path) -> int:
    document = msgspec.json.decode((folder / "out" / "assessment.json").read_bytes())
    return sum(row["assessed"] + row["errored"] for row in document["coverage"]["types"])

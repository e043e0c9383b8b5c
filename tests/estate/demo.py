"""Write fixtures/demo: the story's company, collected for real and kept as readable evidence.

Run by ``make demo-fixture``. The times of the day it ran are replaced by the demo's own, so that
the fixture changes only when the company, the collector or the emulator does.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.snapshot.folder import export_folder, import_folder
from mlsec.snapshot.store import Snapshot
from tests.estate.faults import Fault, Kind
from tests.estate.model_files import TARGETS, objects
from tests.estate.serve import RunningAws, Settings
from tests.shipped import shipped_vocabulary

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "demo"
STARTED_AT, FINISHED_AT = "2026-11-02T08:00:00Z", "2026-11-02T08:03:20Z"
# Every deployment has a fault of its own.
_DEPLOYMENTS = 6
_MADE_AT = "2026-10-19T07:30:00Z"  # when everything that the emulator dates "now" was made
_TIME = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|\+00:00)")
_MADE_AT_MS = 1792395000000
_EPOCH = re.compile(r'("creationTime":)[0-9]{13}')
_TOOK = re.compile(r'"took_ms":[0-9]+')
# The scan role of this company lacks three rights, as real ones do.
_DENIED = (
    Fault(kind=Kind.DENY, operation="sagemaker:DescribeNotebookInstanceLifecycleConfig"),
    Fault(kind=Kind.DENY, operation="ecr:GetRepositoryPolicy"),
    Fault(
        kind=Kind.DENY,
        operation="bedrock:GetModelInvocationLoggingConfiguration",
        region="us-east-1",
    ),
)


def main() -> None:
    """Collect from the loopback company, write the folder, and check that it reads back."""
    with tempfile.TemporaryDirectory() as scratch:
        taken = Path(scratch) / "demo.mlsnap"
        with RunningAws(
            Settings(deployments=_DEPLOYMENTS, has_story=True, objects=dict(objects()))
        ) as aws:
            os.environ.update(aws.environment())
            aws.set_faults(*_DENIED)
            _collect(taken)
            if aws.mistakes():
                raise SystemExit("\n".join(aws.mistakes()))
        with Snapshot.open(taken) as snapshot:
            export_folder(snapshot, FOLDER)
        _settle_times()
        # What is broken is found now, not by the first person who runs the demo.
        import_folder(FOLDER, Path(scratch) / "again.mlsnap")


def _collect(path: Path) -> None:
    settings = CollectSettings(vocabulary=shipped_vocabulary(), hash_salt="demo")
    pipeline.collect(("aws", *TARGETS), path, settings, resume=False, say=lambda *_: None)


def _settle_times() -> None:
    """Replace every time of this run; times that the estate declares are left as they are."""
    head = json.loads((FOLDER / "meta.json").read_bytes())
    days = {head["clock"][name][:10] for name in ("started_at", "finished_at")}
    head["clock"] |= {
        "started_at": STARTED_AT,
        "finished_at": FINISHED_AT,
        "host": "demo",
        "user": "demo",
    }
    (FOLDER / "meta.json").write_text(json.dumps(head, indent=2) + "\n", "utf-8")
    for name, moment in (("calls.jsonl", _MADE_AT), ("times.jsonl", STARTED_AT)):
        path = FOLDER / name
        text = path.read_text("utf-8")
        settled = _TIME.sub(lambda m: moment if m.group()[:10] in days else m.group(), text)  # noqa: B023
        settled = _EPOCH.sub(rf"\g<1>{_MADE_AT_MS}", _TOOK.sub('"took_ms":40', settled))
        lines = [_in_order(line) for line in settled.splitlines()]
        path.write_text("\n".join(lines) + "\n", "utf-8")


def _in_order(line: str) -> str:
    """Sort the lists of an answer anew: their order came from the times that were replaced."""
    call = json.loads(line)
    answer = call.get("answer")
    for key, value in (answer or {}).items():
        if isinstance(value, list):
            answer[key] = sorted(value, key=lambda each: json.dumps(each, sort_keys=True))
    return json.dumps(call, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    main()

"""Write the incidents' scenes that only a cloud account shows: told by a loopback cloud, collected
for real and kept as readable evidence.

Run by hand, for the incidents that are named: ``python -m tests.incidents.make modeleak``. The
emulator of AWS draws new ids each time, so what did not change is not made anew.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs.incidents import FOLDER
from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.snapshot.folder import export_folder
from mlsec.snapshot.store import Snapshot
from tests.estate.azure_server import RunningAzure
from tests.estate.gcp_server import RunningGcp
from tests.estate.serve import RunningAws, Settings
from tests.incidents import aws_scenes, azure_scenes, gcp_scenes
from tests.shipped import shipped_vocabulary

_LIMIT_BYTES = 60_000
_CLOCK = {
    "started_at": "2026-11-02T08:00:00Z",
    "finished_at": "2026-11-02T08:03:20Z",
    "host": "demo",
    "user": "demo",
}


def main(names: list[str]) -> None:
    """Make both scenes of each incident."""
    for name in names:
        for kind in ("fires", "near"):
            with _cloud(name, is_near=kind == "near") as targets:
                _keep(targets, FOLDER / name / kind)


@contextmanager
def _cloud(name: str, *, is_near: bool) -> Iterator[tuple[str, ...]]:
    """Run the cloud of a scene and give what is to be scanned of it."""
    if name in aws_scenes.SCENES:
        with _account(aws_scenes.SCENES[name], is_near=is_near) as targets:
            yield targets
    elif name in azure_scenes.SCENES:
        with RunningAzure(azure_scenes.SCENES[name](is_near)) as azure:
            os.environ.update(azure.environment())
            yield ("azure",)
            _expect_none(azure.mistakes())
    else:
        with RunningGcp(gcp_scenes.SCENES[name](is_near)) as gcp:
            os.environ.update(gcp.environment())
            yield ("gcp",)
            _expect_none(gcp.mistakes())


@contextmanager
def _account(scene: aws_scenes.Scene, *, is_near: bool) -> Iterator[tuple[str, ...]]:
    # Answers are recorded for all who ask the same estate; this one is filled by hand, so apart.
    with tempfile.TemporaryDirectory() as recordings:
        os.environ["MLSEC_TEST_CACHE"] = recordings
        with RunningAws(
            Settings(deployments=0, objects=dict(scene.objects), patches=scene.lost(is_near))
        ) as aws:
            os.environ.update(aws.environment())
            scene.build(is_near)
            yield scene.targets
            _expect_none(aws.mistakes())


def _expect_none(mistakes: list[str]) -> None:
    if mistakes:
        raise SystemExit("\n".join(mistakes))


def _keep(targets: tuple[str, ...], folder: Path) -> None:
    """Collect, and write what was answered without the times at which it was asked."""
    vocabulary = shipped_vocabulary()
    settings = CollectSettings(vocabulary=vocabulary, hash_salt="demo")
    with tempfile.TemporaryDirectory() as scratch:
        taken = Path(scratch) / "scene.mlsnap"
        pipeline.collect(targets, taken, settings, resume=False, say=lambda *_: None)
        with Snapshot.open(taken) as snapshot:
            export_folder(snapshot, folder)
    (folder / "times.jsonl").unlink()
    head = json.loads((folder / "meta.json").read_bytes())
    head["clock"] = _CLOCK
    (folder / "meta.json").write_text(json.dumps(head, indent=2) + "\n", "utf-8")
    size = (folder / "calls.jsonl").stat().st_size
    if size > _LIMIT_BYTES:
        raise SystemExit(f"{folder}: {size} bytes are too many for a scene")


if __name__ == "__main__":
    main(sys.argv[1:])

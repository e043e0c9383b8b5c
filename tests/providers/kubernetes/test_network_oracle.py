"""What is derived from network policies is what an independent analyser finds."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.providers.kubernetes.manifests import graph_of
from tests.providers.kubernetes.network_scenes import random_scene, stranger, written

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-oracles" / "bin" / "python"
ORACLE = Path(__file__).with_name("network_oracle.py")
SCENES, SEED = int(os.environ.get("MLSEC_SCENES", "400")), os.environ.get("MLSEC_SEED", "1")
# Addresses far from each other: whoever reaches one of them reaches much of the internet.
SOMEBODY = ("8.8.8.8/32", "93.184.215.14/32", "140.82.121.4/32", "2600:1901::1/128")
EVERY_PORT_BUT_DNS = [
    [protocol, *span] for protocol in ("TCP", "UDP", "SCTP") for span in ((1, 52), (54, 65535))
]
# Each fact with its value where an attacker has a connection.
BAD = {
    "is_isolated": False,
    "limits_egress": False,
    "reaches_metadata": True,
    "reaches_internet": True,
}
FACTS = tuple(BAD)


@pytest.mark.skipif(not PYTHON.exists(), reason="run make oracles")
def test_facts_of_network_policies_are_those_of_the_analyser(tmp_path: Path) -> None:
    pick = random.Random(SEED)  # noqa: S311 - scenes, not secrets
    scenes = [random_scene(pick, number) for number in range(SCENES)]
    derived = _derived(tmp_path, scenes)
    counts: Counter[str] = Counter()
    apart: list[str] = []
    for number, (scene, open_to) in enumerate(zip(scenes, _asked(scenes), strict=True)):
        truth = {
            "is_isolated": not open_to["in"],
            "limits_egress": not open_to["out"],
            "reaches_metadata": open_to["metadata"],
            "reaches_internet": open_to["out"],
        }
        for fact in FACTS:
            value = derived[number].get(fact)
            kind = _kind(fact, value, truth[fact])
            counts[kind] += 1
            if kind != "agree":
                apart.append(f"{kind} {fact} of\n{written(scene)}")
    print(dict(counts))  # noqa: T201 - the figures of a run by hand
    assert counts == Counter(agree=SCENES * len(FACTS)), "\n".join(apart[:3])


def _kind(fact: str, value: bool | None, truth: bool) -> str:
    if value is None:
        return "unknown"
    if value is truth:
        return "agree"
    return "false alarm" if value is BAD[fact] else "false calm"


def _derived(scratch: Path, scenes: list[list[dict[str, Any]]]) -> dict[int, dict[str, Any]]:
    files = {"all.yaml": written([each for scene in scenes for each in scene])}
    graph = graph_of(scratch, files)
    derived: dict[int, dict[str, Any]] = {}
    for kind in ("kubernetes.workload", "kubernetes.notebook"):
        for each in graph.of_type(kind):
            number = int(each.properties["namespace"].rpartition("-")[2])
            derived.setdefault(number, {}).update(each.properties)
    return derived


def _asked(scenes: list[list[dict[str, Any]]]) -> list[dict[str, bool]]:
    asked = []
    for number, scene in enumerate(scenes):
        server, other = f"models-{number}/server", f"other-{number}/stranger"
        (container,) = scene[2]["spec"]["containers"]
        served = [
            ["TCP", port["containerPort"], port["containerPort"]] for port in container["ports"]
        ]
        questions = {
            **{f"in {end}": [end, server, served] for end in (*SOMEBODY, other)},
            **{f"out {end}": [server, end, EVERY_PORT_BUT_DNS] for end in SOMEBODY},
            "metadata": [server, "169.254.169.254/32", [["TCP", 80, 80]]],
        }  # fmt: skip
        asked.append({"objects": written([*scene, stranger(number)]), "questions": questions})
    done = subprocess.run(  # noqa: S603 - ours
        [PYTHON, ORACLE], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [
        {
            name: any(yes for asked, yes in answer.items() if asked.split()[0] == name)
            for name in ("in", "out", "metadata")
        }
        for answer in json.loads(done.stdout)
    ]

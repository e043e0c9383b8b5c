"""Compares what mlsec says of conditions with cel-python, case by case."""

from __future__ import annotations

import datetime
import json
import random
import subprocess
from pathlib import Path
from typing import Any

from mlsec.graph.ternary import NO, YES
from mlsec.providers.gcp.conditions.evaluation import Nothing, Request
from mlsec.providers.gcp.conditions.search import search_for
from tests.providers.gcp.conditions.generated import NOW, Case, cases, questions

_SCRIPT = Path(__file__).with_name("cel_answers.py")


class Oracle:
    """cel-python in a process of its own."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [python, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def lets_through(self, condition: str, requests: list[dict[str, Any]]) -> list[bool]:
        """Say of each request whether it meets the condition."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"condition": condition, "requests": requests}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return [answer is True for answer in json.loads(self._process.stdout.readline())]


def compare(python: str, seed: int, count: int) -> dict[str, list[Case]]:
    """Sort cases by how the two agree: a yes by its own witness, a no by the oracle's search."""
    found: dict[str, list[Case]] = {}
    chance = random.Random(seed)  # noqa: S311
    with Oracle(python) as oracle:
        for case in cases(seed, count):
            found.setdefault(_kind(case, oracle, chance), []).append(case)
    return found


def _kind(case: Case, oracle: Oracle, chance: random.Random) -> str:
    found = search_for(case.condition, case.asked, NOW)
    if found.answer == YES:
        asked = [_told(request) for request in found.requests]
        is_true = all(oracle.lets_through(case.condition, asked))
        return "agrees" if is_true else "false alarm"
    ways = [any(oracle.lets_through(case.condition, q)) for q in questions(case, chance)]
    if found.answer == NO:
        return "false calm" if any(ways) else "agrees"
    return "both leave it open" if len(set(ways)) > 1 else "unknown"


def _told(request: Request) -> dict[str, Any]:
    """Write a request of ours for the oracle."""
    told: dict[str, Any] = {"resource": {}, "request": {"time": NOW.isoformat()}, "destination": {}}
    for path, value in request.attributes.items():
        group, _, name = path.partition(".")
        if group in told and not isinstance(value, Nothing):
            is_time = isinstance(value, datetime.datetime)
            told[group][name] = value.isoformat() if is_time else value
    api = {name: value for name, value in request.api.items() if not isinstance(value, Nothing)}
    return {**told, "api": api, "holds": dict(request.circumstances)}

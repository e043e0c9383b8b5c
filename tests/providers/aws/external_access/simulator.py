"""Asks an independent simulator of AWS policies which requests a resource's policy allows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

_HERE = Path(__file__).resolve().parent
_INSTALLED = Path(os.environ.get("MLSEC_NPM_ORACLES", _HERE.parents[2] / "emulators"))


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; ``principal`` None is an unsigned one."""

    principal: str | None
    action: str
    resource: str
    context: Mapping[str, str | list[str]]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One policy and, for each question, the requests of which any may be allowed.

    ``controls`` are the resource control policies above it, one for each level.
    """

    account: str
    policy: Mapping[str, Any]
    questions: Mapping[str, Sequence[Request]]
    restricted: bool = False
    controls: tuple[Mapping[str, Any], ...] = ()


needs_simulator = pytest.mark.skipif(
    shutil.which("node") is None
    or not (_INSTALLED / "node_modules/@cloud-copilot/iam-simulate").is_dir(),
    reason="npm ci --ignore-scripts --prefix tests/emulators",
)


def simulate(cases: Iterable[Case]) -> list[dict[str, int]]:
    """Give for each case, by question, which of its requests is allowed first, or -1."""
    text = b"\n".join(msgspec.json.encode(case) for case in cases)
    command = ["node", str(_HERE / "simulate.mjs"), str(_INSTALLED)]
    done = subprocess.run(command, input=text, capture_output=True, check=True)  # noqa: S603 - our own
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    broken = [answer["error"] for answer in answers if "error" in answer]
    assert not broken, broken[0]
    return answers

"""Somebody who may add a file to a repository makes it too large, too long or too many to be read:
a Dockerfile behind 64 MiB of comments, a list of four million values, a sparse file of a terabyte.
The scan takes the machine's memory or time, or it leaves the file out without a word, and what the
file declares goes live as if it had been looked at.

Each lies beside an open notebook and a pickle that runs a command, which are found. It is a gap at
its own place; the same file in its ordinary size is read.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlsec.snapshot.records import Call, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot
from tests.attacks.measured import scan
from tests.attacks.test_code_budgets import OPEN, POD, RULE, TERRAFORM

MIB = 1 << 20
LARGE = 65 * MIB
TEMPLATE = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Bomb": OPEN}})
COMMENTS = "# " + "x" * 1021 + "\n"
Files = Mapping[str, str]


class Harm:
    """A pickle that runs a command where it is loaded."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("id",)


def commented(name: str, text: str) -> Callable[[int], Files]:
    """The same text behind so many bytes of comments."""
    return lambda size: {name: COMMENTS * (size // len(COMMENTS)) + text}


def listed(size: int) -> Files:
    return {"pod.yaml": POD + "x: [" + "a," * size + "]\n"}


def quoted(size: int) -> Files:
    """A template of less than 64 MiB that is more where it is written as evidence."""
    return {"template.json": TEMPLATE[:-1] + ', "Metadata": [' + '"",' * (size // 3) + '""]}'}


def given(count: int) -> Files:
    """So many variables that each of as many services, 400 at the most, is given."""
    services = "".join(
        f"  s{n}: {{image: x, env_file: .env.all}}\n" for n in range(min(count, 400))
    )
    variables = "".join(f"K{n}=v{n}\n" for n in range(count))
    return {".env.all": variables, "docker-compose.yml": f"services:\n{services}"}


# name: files by size, an ordinary size, one that is too much, where that is told.
BOMBS: dict[str, tuple[Callable[[int], Files], int, int, str]] = {
    "a Dockerfile": (commented("Dockerfile", "FROM x\nUSER 0\n"), 0, LARGE, "Dockerfile"),
    "a script": (commented("start.sh", "vllm serve x\n"), 0, LARGE, "start.sh"),
    "a manifest": (commented("pod.yaml", POD), 0, LARGE, "pod.yaml"),
    "variables": (commented(".env", "A=b\n"), 0, LARGE, ".env"),
    "a template": (lambda size: {"template.json": " " * size + TEMPLATE}, 0, LARGE,
                   "template.json"),
    "values": (listed, 100, 4 * MIB, "pod.yaml"),
    "documents": (lambda count: {"pod.yaml": "---\n".join([listed(4000)["pod.yaml"]] * count)},
                  3, 120, "pod.yaml"),
    "services": (given, 20, 30_000, ".env.all"),
    "marks": (quoted, 99, 60 * MIB, "template.json"),
}  # fmt: skip
SPARSE = ("model.safetensors", "main.tf", "values.yaml", "template.json", "Dockerfile")


HARM: Mapping[str, str | bytes] = {"z.tf": TERRAFORM, "z.pkl": pickle.dumps(Harm())}


def limits_of(folder: Path, targets: Mapping[str, Files]) -> dict[str, set[str]]:
    """Scan targets beside the two findings each, which must be among what is reported."""
    ended = scan(folder, {name: {**files, **HARM} for name, files in targets.items()})
    ended.check()
    assert ended.code == 10, ended.errors
    notebook = (RULE, "aws_sagemaker_notebook_instance.beside")
    assert [name for name, seen in ended.seen.items() if notebook not in seen.failed] == []
    pickles = [n for n, s in ended.seen.items() if any(r == "z.pkl" for _, r in s.failed)]
    assert pickles == [*targets]
    return {name: {*seen.limits} for name, seen in ended.seen.items()}


@pytest.mark.parametrize("half", [0, 1])
def test_a_file_too_large_to_be_read_is_a_limit_at_its_place(half: int, tmp_path: Path) -> None:
    tried = {name: BOMBS[name] for name in [*BOMBS][half::2]}
    targets = {name: bomb(large) for name, (bomb, _, large, _) in tried.items()}
    limits = limits_of(tmp_path / "target", targets)
    assert {n: limits[n] for n, (*_, place) in tried.items() if place not in limits[n]} == {}


def test_the_same_file_in_its_ordinary_size_is_read(tmp_path: Path) -> None:
    # What is large and only data is no gap either.
    data = {"data/a.json": '{"annotations": ["' + "x" * LARGE + '"]}'}
    targets = {name: bomb(small) for name, (bomb, small, _, _) in BOMBS.items()}
    limits = limits_of(tmp_path / "target", {**targets, "data": data})
    assert {name: told for name, told in limits.items() if told} == {}


def test_answers_that_repeat_each_other_do_not_make_the_rest_unreadable(tmp_path: Path) -> None:
    path, body = tmp_path / "new.mlsnap", canonical("x" * (60 * MIB))
    parts = (canonical(["ab" * (n + 1) for n in range(9)]), *[body] * 3, canonical("x" * LARGE))
    parts += tuple(canonical(f"{n}" + "x" * (60 * MIB)) for n in range(8))
    with Snapshot.create(path) as snapshot:
        for n, part in enumerate(parts):
            call = Call(scope="code/.", region="", service="code", operation="Read",
                        params=f'{{"file":"{n}"}}', payload=digest_of(part))  # fmt: skip
            snapshot.record(call, part)
        snapshot.finish()
    with Snapshot.open(path) as snapshot:
        snapshot.check_payloads()
        kept = [call for call in snapshot.calls() if call.payload]
        assert {call.reason for call in snapshot.calls()} == {"", "over_limit"}
    assert digest_of(parts[0]) in {call.payload for call in kept}
    assert 8 <= len(kept) < 12


def test_a_sign_between_two_blocks_of_large_json_is_seen(tmp_path: Path) -> None:
    text = (" " * (64 * MIB - 30)) + TEMPLATE + " " * MIB
    assert "t.json" in limits_of(tmp_path / "target", {"sign": {"t.json": text}})["sign"]


def test_a_terabyte_without_content_is_not_read_through(tmp_path: Path) -> None:
    place = tmp_path / "target" / "t0"
    place.mkdir(parents=True)
    for name in SPARSE:
        with (place / name).open("wb") as file:
            file.truncate(1 << 40)
    limits = limits_of(tmp_path / "target", {"sparse": {}})["sparse"]
    assert set(SPARSE[1:]) <= limits, limits

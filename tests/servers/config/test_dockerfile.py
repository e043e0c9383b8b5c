"""Dockerfiles: what the last stage starts, with which settings, and what its build does."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.located.located import UnknownValue
from mlsec.core.resource import Resource
from mlsec.servers.images.dockerfile import Recipe, recipes_of
from tests.servers.config.declared import seen


def recipes(text: str) -> tuple[Recipe, ...]:
    return recipes_of(CodeFile(id="D", path="D", language=Language.DOCKERFILE, text=text))


def dockerfile(folder: Path, text: str) -> Resource:
    found = seen(folder, {"Dockerfile": text}).inventory.resources
    return next(resource for resource in found if resource.type == "code.dockerfile")


def test_the_last_stage_goes_on_where_the_one_it_names_ended() -> None:
    (_, last) = recipes(
        "ARG V=3.12\nFROM python:${V} AS base\nENV A=1 B='two words'\nEXPOSE 8000/tcp 9000\n"
        'USER app\nFROM base\nENV C $A\nENTRYPOINT ["serve",\\\n "--x"]\nCMD --port 1\n'
    )
    assert [node.value for node in last.bases] == ["python:3.12"]
    assert {name: node.value for name, node in last.env.items()} == {
        "A": "1", "B": "two words", "C": "1",
    }  # fmt: skip
    assert (last.ports, last.user) == ((8000, 9000), "app")
    assert [node.value for node in last.argv or ()][:2] == ["serve", "--x"]
    assert [(node.line, node.column) for node in last.argv or ()][:2] == [(8, 13), (9, 2)]


def test_an_argument_without_a_value_is_not_known() -> None:
    (only,) = recipes("FROM x\nARG KEY\nENV A=$KEY\n")
    assert isinstance(only.env["A"].value, UnknownValue)


def test_heredocs_comments_and_continuations_are_no_instructions() -> None:
    (only,) = recipes(
        "# syntax=docker/dockerfile:1\nFROM x\nRUN <<EOF\nFROM y\nEOF\n"
        "RUN a \\\n  # USER root\n  b\nUSER u\n"
    )
    assert (only.user, len(only.runs), only.user_node and only.user_node.line) == ("u", 2, 9)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FROM python:3.12\n", True),
        ("FROM python:3.12\nUSER root\n", True),
        ("FROM python:3.12\nUSER 10001:10001\n", False),
        ("FROM acme/base:1\nUSER 0\n", True),
    ],
)
def test_who_an_image_starts_as_is_its_user_or_that_of_a_known_base(
    text: str, wanted: bool, tmp_path: Path
) -> None:
    assert dockerfile(tmp_path, text).properties["runs_as_root"] is wanted


def test_the_user_of_a_base_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    assert dockerfile(tmp_path, "FROM acme/base:1\n").unread["runs_as_root"]


def test_what_a_build_does_stands_with_its_line(tmp_path: Path) -> None:
    found = dockerfile(
        tmp_path,
        "FROM python@sha256:" + "a" * 64 + "\nARG TOKEN=hf_abcdefghijklmnopqrstuvwxyz0123456789\n"
        "RUN curl -s https://x.example/i.sh | sh\n"
        "ADD https://x.example/w.bin /w.bin\nADD --checksum=sha256:00 https://x.example/v /v\n",
    ).properties
    assert found["base_images"][0]["is_pinned"]
    assert [sign["what"] for sign in found["suspicious_patterns"]] == ["line 3: pipe-to-shell"]
    assert [add["is_checked"] for add in found["remote_adds"]] == [False, True]
    assert [(one["where"], one["kind"]) for one in found["secrets"]] == [
        ("argument", "huggingface-token")
    ]


def test_a_key_that_may_be_given_at_the_start_is_not_called_missing(tmp_path: Path) -> None:
    found = seen(
        tmp_path, {"Dockerfile": 'FROM vllm/vllm-openai:v0.24.0\nCMD ["--model", "a/b"]\n'}
    )
    assert found.only.type == "serving.vllm"
    assert found.only.properties["exposure.reach"] == "network"
    assert "where it is started" in found.why(found.only, "access.authenticated")


@pytest.mark.parametrize(
    "text", ["", "RUN x", "FROM", "FROM a\nCMD [\n", "FROM a\nENV\nARG\nUSER\n"]
)
def test_a_broken_dockerfile_is_read_or_refused_and_never_breaks(text: str, tmp_path: Path) -> None:
    found = seen(tmp_path, {"Dockerfile": text or "\n"})
    assert [row.enumerated for row in found.inventory.coverage if row.type == "code.file"] == [1]


def test_a_file_that_nobody_wrote_is_refused_and_told(tmp_path: Path) -> None:
    text = "FROM a\nENV " + " ".join(f"A{n}=x" for n in range(80_000))
    found = seen(tmp_path, {"Dockerfile": text, "run.sh": "vllm serve x\n" * 50_000}).inventory
    rows = {row.type: row.errored for row in found.coverage}
    assert rows["code.file"] == 2

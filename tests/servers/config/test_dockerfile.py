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
        ("FROM public.ecr.aws/docker/library/python:3.12-slim\n", True),
    ],
)
def test_who_an_image_starts_as_is_its_user_or_that_of_a_known_base(
    text: str, wanted: bool, tmp_path: Path
) -> None:
    assert dockerfile(tmp_path, text).properties["runs_as_root"] is wanted


def test_the_user_of_a_base_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    assert dockerfile(tmp_path, "FROM acme/base:1\n").unread["runs_as_root"]


def test_functions_start_as_a_user_of_lambda_whatever_the_image_says(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    function = dockerfile(tmp_path, "FROM public.ecr.aws/lambda/python:3.12\nUSER root\n")
    other = dockerfile(tmp_path / "a", "FROM public.ecr.aws/acme/lambda:1\n")
    assert function.properties["runs_as_root"] is None
    assert other.unread["runs_as_root"]


def test_name_that_no_registry_has_is_no_newest_image(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    local = dockerfile(tmp_path, "ARG BASE=need_an_image\nFROM $BASE\n")
    official = dockerfile(tmp_path / "a", "FROM eclipse-temurin\n")
    assert local.properties["base_images"][0]["is_latest"] is False
    assert official.properties["base_images"][0]["is_latest"] is True


def test_image_of_files_alone_starts_as_nobody(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    bundle = dockerfile(tmp_path, "FROM scratch\nCOPY manifests /manifests/\n")
    program = dockerfile(tmp_path / "a", 'FROM scratch\nCOPY serve /\nENTRYPOINT ["/serve"]\n')
    assert bundle.properties["runs_as_root"] is None
    assert program.properties["runs_as_root"] is True


@pytest.mark.parametrize(
    ("text", "is_root"),
    [
        ('FROM python:3.13\nCOPY model /opt/program\nCMD ["serve"]\n', None),
        ('FROM python:3.13\nENV CODE=/opt/ml/code\nCMD ["serve"]\n', None),
        ('FROM python:3.13\nRUN pip install sagemaker-training==4\nCMD ["train"]\n', None),
        ("FROM mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250101.v1\n", None),
        ('FROM python:3.13\nRUN pip install vllm==0.9.0\nCMD ["serve"]\n', True),
    ],
)
def test_image_of_a_job_service_is_started_as_the_service_does(
    tmp_path: Path, text: str, is_root: object
) -> None:
    assert dockerfile(tmp_path, text).properties["runs_as_root"] is is_root


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
    assert [row.enumerated for row in found.inventory.coverage.rows if row.type == "code.file"] == [
        1
    ]


def test_a_file_that_nobody_wrote_is_refused_and_told(tmp_path: Path) -> None:
    text = "FROM a\nENV " + " ".join(f"A{n}=x" for n in range(80_000))
    found = seen(tmp_path, {"Dockerfile": text, "run.sh": "vllm serve x\n" * 50_000}).inventory
    rows = {row.type: row.errored for row in found.coverage.rows}
    assert rows["code.file"] == 2


@pytest.mark.parametrize(
    ("next_run", "patterns"),
    [
        ("RUN cd /apex && git reset --hard b496d85fb88a801d8e680872a12822de310951fd", []),
        ("RUN git checkout $APEX", []),
        ("RUN git checkout $OTHER", ["unpinned-download"]),
        ("RUN pip install /apex", ["unpinned-download"]),
    ],
)
def test_clone_is_of_the_version_that_a_later_instruction_takes(
    tmp_path: Path, next_run: str, patterns: list[str]
) -> None:
    found = dockerfile(
        tmp_path,
        "FROM python:3.13\nENV APEX=24.04.01 OTHER=main\n"
        f"RUN git clone https://github.com/NVIDIA/apex /apex\nWORKDIR /apex\n{next_run}\n",
    ).properties
    assert [sign["pattern"] for sign in found["suspicious_patterns"]] == patterns


@pytest.mark.parametrize(
    ("default", "patterns"),
    [("2402cb0bed7a2185cb9ddbe88fb998656cf73066", []), ("main", ["unpinned-download"])],
)
def test_an_argument_without_a_value_has_the_one_that_stands_before_the_first_stage(
    tmp_path: Path, default: str, patterns: list[str]
) -> None:
    found = dockerfile(
        tmp_path,
        f"ARG REF={default}\nFROM python:3.13\nARG REF\n"
        "RUN git clone https://github.com/a/b && cd b && git checkout ${REF}\n",
    ).properties
    assert [sign["pattern"] for sign in found["suspicious_patterns"]] == patterns

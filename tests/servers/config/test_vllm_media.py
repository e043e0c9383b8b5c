"""Whether prompts make vLLM fetch media is decided by its release and by the model it serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import compose, seen


@pytest.mark.parametrize(
    ("tag", "arguments", "expected"),
    [
        ("v0.4.2", "--model Qwen/Qwen2.5-VL-7B-Instruct", False),
        ("v0.11.0", "--model Qwen/Qwen2.5-VL-7B-Instruct", True),
        ("v0.11.0", "--model a/b --limit-mm-per-prompt image=1", True),
        ("v0.11.0", "--model google/gemma-3-27b-it", True),
        ("v0.11.0", "--model google/gemma-3-1b-it", False),
        ("v0.11.0", "--model TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ", False),
        ("v0.11.0", "--model meta-llama/Llama-3.1-70B-Instruct", False),
        ("v0.11.0", "--model meta-llama/Llama-3.2-11B-Vision-Instruct", True),
        ("v0.11.0", "--model google/gemma-2-9b-it", False),
        ("v0.11.0", "--model Qwen/Qwen2.5-0.5B-Instruct", False),
        ("v0.11.0", "--model corp/house-model", None),
        ("latest", "--model mistralai/Pixtral-12B-2409", True),
        ("v0.11.0", "--model ${MODEL}", None),
    ],
)
def test_media_are_fetched_by_a_release_that_can_for_a_model_that_takes_them(
    tag: str, arguments: str, expected: bool | None, tmp_path: Path
) -> None:
    server = seen(
        tmp_path, compose(f"image: vllm/vllm-openai:{tag}\ncommand: {arguments}\nports: [8000]")
    ).only
    assert server.properties.get("fetches_media") is expected
    assert ("fetches_media" in server.unread) is (expected is None)

"""NVIDIA NIM and Text Embeddings Inference: what their images do without settings, and with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.config.declared import seen

NIM = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.0"


def service(image: str, *more: str) -> str:
    lines = ["services:", "  m:", f"    image: {image}", "    ports: ['8000:8000']", *more]
    return "\n".join(lines) + "\n"


def test_a_nim_asks_nobody_and_has_no_certificate_unless_it_is_given_one(tmp_path: Path) -> None:
    server = seen(tmp_path, {"compose.yaml": service(NIM)}).only
    assert server.type == "serving.nim"
    assert server.properties["access.authenticated"] is False
    assert server.properties["encryption.in_transit"] is False


@pytest.mark.parametrize(("mode", "asks"), [("TLS", False), ("MTLS", True)])
def test_the_mode_of_its_certificates_decides_who_is_asked(
    mode: str, asks: bool, tmp_path: Path
) -> None:
    text = service(NIM, "    environment:", f"      NIM_SSL_MODE: {mode}")
    server = seen(tmp_path, {"compose.yaml": text}).only
    assert server.properties["access.authenticated"] is asks
    assert server.properties["encryption.in_transit"] is True


def test_a_key_for_the_server_inside_of_a_nim_is_not_taken_for_a_sign_in(tmp_path: Path) -> None:
    text = service(NIM, "    environment:", "      NIM_PASSTHROUGH_ARGS: --api-key abc")
    server = seen(tmp_path, {"compose.yaml": text}).only
    assert "access.authenticated" in server.unread


@pytest.mark.parametrize(
    ("words", "asks"),
    [("--model-id BAAI/bge-m3", False), ("--model-id BAAI/bge-m3 --api-key x", True)],
)
def test_text_embeddings_inference_asks_for_the_key_that_it_is_given(
    words: str, asks: bool, tmp_path: Path
) -> None:
    image = "ghcr.io/huggingface/text-embeddings-inference:cpu-1.8"
    server = seen(tmp_path, {"compose.yaml": service(image, f"    command: {words}")}).only
    assert server.type == "serving.tei"
    assert server.properties["access.authenticated"] is asks
    assert server.properties["supply.model_pinned"] is False


def test_a_nim_that_is_told_to_do_something_else_is_no_server(tmp_path: Path) -> None:
    text = service(NIM, "    command: [download-to-cache, --all]")
    assert not seen(tmp_path, {"compose.yaml": text}).servers

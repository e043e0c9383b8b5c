"""What the fixtures start is what they say: the settings make the difference, not the test."""

from __future__ import annotations

from tests.servers.start import Server


def test_jupyter_without_a_token_gives_its_kernels_to_anybody(open_jupyter: Server) -> None:
    assert open_jupyter.status("/api/kernels") == 200


def test_jupyter_with_a_token_refuses_its_kernels(closed_jupyter: Server) -> None:
    assert closed_jupyter.status("/api/kernels") == 403


def test_bentoml_answers_anybody(bento: Server) -> None:
    assert bento.status("/docs.json") == 200

"""Recognisers against what real servers answered, and against replicas of those too big."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.core.strict_yaml import parse
from mlsec.servers.probe.products.recognise import doors_of, recognise
from mlsec.servers.probe.products.table import PRODUCTS
from mlsec.servers.probe.response_record import RecordedResponse

RECORDED = Path(__file__).parent / "recorded"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Answers by path, and what they show."""

    name: str
    product: str
    version: str = ""
    opened: tuple[str, ...] = ()
    shut: tuple[str, ...] = ()
    pages: dict[str, RecordedResponse] = {}

    def heard(self) -> dict[str, RecordedResponse]:
        if self.pages:
            return self.pages
        data = (RECORDED / f"{self.name}.json").read_bytes()
        return msgspec.json.decode(data, type=dict[str, RecordedResponse])


# Recorded on 2026-11-26 from servers that were started on loopback; long lists and texts are cut.
REAL = (
    Case(
        name="jupyter-open", product="jupyter-server", version="2.21.1",
        opened=("/api/contents?content=0", "/api/kernels", "/api/terminals", "/metrics"),
    ),
    Case(
        name="jupyter-shut", product="jupyter-server", version="2.21.1",
        shut=("/api/contents?content=0", "/api/kernels", "/api/terminals", "/metrics"),
    ),
    Case(
        name="mlserver", product="mlserver", version="1.7.1",
        opened=("/openapi.json", "/v2", "/v2/repository/index"),
    ),
    Case(
        name="bentoml", product="bentoml", version="1.4.40",
        opened=("/docs.json", "/metrics", "/schema.json"),
    ),
    Case(
        name="chroma", product="chroma",
        opened=("/api/v2/tenants/default_tenant/databases", "/openapi.json"),
    ),
    Case(
        name="gradio-open", product="gradio", version="6.31.0", opened=("/config", "/openapi.json")
    ),
    Case(name="gradio-shut", product="gradio", opened=("/openapi.json",), shut=("/config",)),
    Case(
        name="torchserve-open-8080", product="torchserve", version="0.12.0",
        opened=("/api-description", "/ping"),
    ),
    Case(
        name="torchserve-open-8081", product="torchserve", version="0.12.0",
        opened=("/api-description", "/models"),
    ),
    Case(
        name="torchserve-open-8082", product="torchserve", version="0.12.0",
        opened=("/api-description", "/metrics"),
    ),
    Case(
        name="torchserve-closed-8080", product="torchserve", version="0.12.0",
        opened=("/api-description",), shut=("/metrics", "/models", "/openapi.json", "/ping"),
    ),
    Case(
        name="torchserve-closed-8081", product="torchserve", version="0.12.0",
        opened=("/api-description",), shut=("/metrics", "/models", "/openapi.json", "/ping"),
    ),
    # The port for metrics asks nobody, whatever is set.
    Case(
        name="torchserve-closed-8082", product="torchserve", version="0.12.0",
        opened=("/api-description", "/metrics"),
    ),
    Case(
        name="mlflow-open", product="mlflow", version="3.17.2",
        opened=("/api/2.0/mlflow/experiments/search?max_results=1",),
    ),
    Case(
        name="mlflow-shut", product="mlflow",
        shut=(
            "/api/2.0/mlflow/experiments/search?max_results=1", "/metrics", "/openapi.json",
        ),
    ),
    Case(name="ray-open", product="ray", version="2.60.0", opened=("/api/jobs/",)),
    Case(name="ray-shut", product="ray", shut=("/api/jobs/", "/metrics", "/openapi.json")),
    Case(
        name="litellm-open", product="litellm", version="1.108.7",
        opened=("/model/info", "/openapi.json", "/v1/models"),
    ),
    # It answers 500 where no database is set: whether it would let a caller in is not known.
    Case(
        name="litellm-shut", product="litellm", version="1.108.7",
        opened=("/openapi.json",), shut=("/metrics",),
    ),
)  # fmt: skip


def page(status: int = 200, document: Any = None, text: str = "") -> RecordedResponse:
    """Give an answer as a product's own documentation shows it."""
    return RecordedResponse(
        status=status, document=document, text=text, mark=repr((text, document))
    )


def replicas() -> tuple[Case, ...]:
    path = Path(__file__).parent / "replicas.yaml"
    rows = parse(path.read_text("utf-8"), str(path)).value
    return tuple(
        msgspec.structs.replace(
            msgspec.convert({**row, "pages": {}}, Case),
            pages={asked: page(**answer) for asked, answer in row["pages"].items()},
        )
        for row in rows
    )


REPLICAS = replicas()


@pytest.mark.parametrize("case", [*REAL, *REPLICAS], ids=lambda case: case.name)
def test_a_server_is_told_by_what_it_answers(case: Case) -> None:
    heard = case.heard()
    found = recognise(heard)
    states = doors_of(found, heard)
    assert found.main is not None
    assert (found.main.name, found.version) == (case.product, case.version)
    told = {
        state: tuple(sorted(each.door.path for each in states if each.state == state))
        for state in ("open", "shut")
    }
    assert told == {"open": tuple(sorted(case.opened)), "shut": tuple(sorted(case.shut))}


def test_every_product_has_a_case() -> None:
    assert {product.name for product in PRODUCTS} == {c.product for c in (*REAL, *REPLICAS)}


def test_every_recording_is_a_case() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == {case.name for case in REAL}


def test_an_answer_that_says_nothing_is_no_product() -> None:
    assert recognise({"/": page(text="hello"), "/version": page(text="1.0")}).main is None

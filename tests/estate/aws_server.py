"""The estate as an AWS API on loopback: injector, recorded answers, overlay, emulator."""

from __future__ import annotations

import asyncio
import hashlib
import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import botocore
import moto
import msgspec

from mlsec.providers.aws import services
from tests.estate.answers import error
from tests.estate.company_overlay import canned_answers, patches
from tests.estate.faults import Injector
from tests.estate.identify import Call, identify
from tests.estate.model import Estate
from tests.estate.moto_backend import MotoBackend
from tests.estate.objects import Objects
from tests.estate.overlay import Overlay, Patch, cut_page, nothing_there, without_page_token
from tests.estate.search import SearchIndex
from tests.estate.seed import seed
from tests.estate.store import AnswerStore, cache_folder
from tests.estate.wire import Answer, Request

_SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{}/sagemaker/aws4_request"


class LiveAws:
    """Answers from the overlay and the emulator; the emulator is seeded at the first question."""

    def __init__(self, estate: Estate, page_size: int = 0, more: tuple[Patch, ...] = ()) -> None:
        self._more = more
        self._estate = estate
        self._page_size = page_size
        self._moto: MotoBackend | None = None
        self._overlay: Overlay
        self._search = SearchIndex(self._ask)
        self.surprises: list[str] = []  # what the emulator failed at; a test holds it empty

    def prepare(self) -> None:
        """Make the estate now, so that the first question is not kept waiting for it."""
        self._seeded()

    def answer(self, call: Call) -> Answer:
        """Answer one call. Not thread-safe."""
        backend = self._seeded()
        if call.label == "sagemaker:Search":
            return self._search.answer(call)
        own = self._overlay.find(call)
        if own is not None:
            return own
        if not backend.has(call):
            return nothing_there(call)
        if self._page_size:
            whole = backend.answer(without_page_token(call))
            answer = cut_page(call, whole, self._page_size)
        else:
            answer = backend.answer(call.request)
        if answer.status == 500:
            self.surprises.append(f"{call.label}: {answer.body[:300]!r}")
        return self._overlay.patched(call, answer)

    def _seeded(self) -> MotoBackend:
        if self._moto is None:
            self._moto = MotoBackend()
            ids = seed(self._estate, self._moto.answer)
            self._overlay = Overlay(
                canned_answers(self._estate, ids),
                (*patches(self._estate, ids), *self._more),
                self._page_size,
            )
        return self._moto

    def _ask(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "authorization": _SIGNED.format(region),
            "x-amz-target": f"SageMaker.{operation}",
            "content-type": "application/x-amz-json-1.1",
            "host": f"api.sagemaker.{region}.amazonaws.com",
        }
        body = json.dumps(params).encode()
        request = Request(method="POST", target="/", headers=headers, body=body)
        call = identify(request)
        if call is None:
            raise LookupError(operation)
        return dict(json.loads(self.answer(call).body))


class AwsHandler:
    """One call's way through the injector to an answer."""

    def __init__(
        self, live: LiveAws, store: AnswerStore, injector: Injector, objects: Objects | None = None
    ) -> None:
        self._live = live
        self._store = store
        self._injector = injector
        self._objects = objects or Objects({})
        self._worker = ThreadPoolExecutor(1, "estate-live")
        self.unknown: list[str] = []

    async def __call__(self, request: Request) -> Answer:
        """Answer one request; a failure of ours is loud, never an answer of the estate."""
        call = identify(request)
        if call is None:
            self.unknown.append(f"{request.method} {request.target[:200]}")
            return Answer(status=501, body=b"the estate server does not know this request")
        refusal = self._injector.before(call)
        if refusal is not None:
            return self._with_delay(refusal)
        try:
            answer = (
                self._objects.answer(call) or self._store.get(call) or await self._ask_live(call)
            )
        except Exception as mistake:  # noqa: BLE001 - shown to the test that caused it
            self.unknown.append(f"{call.label}: {mistake!r}")
            traceback.print_exception(mistake)
            return error(call, "EstateServerMistake", type(mistake).__name__, 501)
        return self._injector.after(call, answer)

    def _with_delay(self, answer: Answer) -> Answer:
        return msgspec.structs.replace(answer, delay_s=self._injector.latency_s)

    async def _ask_live(self, call: Call) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, partial(self._fetch, call))

    def _fetch(self, call: Call) -> Answer:
        known = self._store.get(call)
        if known is not None:
            return known
        answer = self._live.answer(call)
        self._store.put(call, answer)
        return answer


def store_for(estate: Estate, page_size: int = 0) -> AnswerStore:
    """Open the recording of this very estate under this very code and emulator."""
    digest = hashlib.sha256(f"{moto.__version__} {botocore.__version__} {page_size}".encode())
    digest.update(msgspec.json.encode(_facts(estate)))
    sources = list(Path(__file__).parent.glob("*.py"))
    if estate.has_zoo:
        sources += Path(services.__file__).parent.glob("*.py")
    for source in sorted(sources):
        if not source.name.startswith(("test_", "serve", "wire", "faults", "demo")):
            digest.update(source.read_bytes())
    size = len(estate.deployments)
    return AnswerStore(cache_folder() / f"aws-{size}-{digest.hexdigest()[:16]}.rec")


def _facts(estate: Estate) -> Any:
    facts = [(d.name, sorted(f.name for f in d.faults), d.extra_tags) for d in estate.deployments]
    return [estate.has_story, estate.has_zoo, estate.is_written, estate.is_default, facts]

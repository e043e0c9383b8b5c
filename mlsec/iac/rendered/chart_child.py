"""The process that renders charts: loads Helm's engine, locks itself in, and answers one by one."""

from __future__ import annotations

import gc
import importlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from mlsec.artifacts.sandbox.child import send
from mlsec.artifacts.sandbox.inbox import Inbox
from mlsec.artifacts.sandbox.lock import allow_time, lock_library
from mlsec.artifacts.sandbox.wire import FRAME_BYTES, Begin, Chart, Charted, Ready

if TYPE_CHECKING:
    from helm_python import Chart as HelmChart

_MOST_BYTES = FRAME_BYTES // 2
_MESSAGE = 2_000


def main() -> NoReturn:
    """Serve until the other side is gone."""
    inbox = Inbox()
    begin, _ = inbox.next()
    if not isinstance(begin, Begin):
        raise SystemExit(3)
    confinement = lock_library(begin.limits, lambda: importlib.import_module("helm_python"))
    send(Ready(confinement=confinement))
    gc.enable()
    while True:
        chart, _ = inbox.next()
        if not isinstance(chart, Chart):
            raise SystemExit(3)
        allow_time(begin.limits)
        for answer in _answers(chart):
            send(answer)


def _answers(chart: Chart) -> Iterator[Charted]:
    from helm_python import Chart as HelmChart  # noqa: PLC0415 - loaded when this was locked in
    from helm_python import HelmError  # noqa: PLC0415 - as above

    try:
        loaded = HelmChart.load_archive(chart.archive)
    except HelmError as error:
        yield from [_problem(error)] * len(chart.values)
        return
    with loaded:
        for text in chart.values:
            try:
                yield _rendered(loaded, chart.name, text)
            except (HelmError, json.JSONDecodeError, UnicodeDecodeError) as error:
                yield _problem(error)


def _rendered(chart: HelmChart, name: str, values: str) -> Charted:
    from helm_python import values_from_yaml  # noqa: PLC0415 - as above

    given = values_from_yaml(values) if values else {}
    texts = chart.render(given, name=name, namespace=name)
    if sum(map(len, texts.values())) > _MOST_BYTES:
        return Charted(problem=f"renders to more than {_MOST_BYTES >> 20} MiB", is_too_much=True)
    return Charted(texts=texts)


def _problem(error: Exception) -> Charted:
    return Charted(problem=" ".join(str(error).split())[:_MESSAGE])

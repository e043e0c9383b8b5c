"""Has charts rendered by Helm's own engine, in a process that can open nothing."""

from __future__ import annotations

import importlib.util
import time
from typing import Self

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.wire import Chart, Charted
from mlsec.artifacts.sandbox.worker import START, Worker, WorkerGoneError

PACKAGE = "helm_python"
LIMITS = Limits(cpu_s=10.0, wall_s=30.0, memory_bytes=1 << 30)
_START = START.replace("mlsec.artifacts.sandbox.child", "mlsec.iac.rendered.chart_child")


def has_engine() -> bool:
    """Whether Helm's engine is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


class ChartEngine:
    """One process for all charts of a target; one that is gone is replaced for the next chart."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._worker: Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def confinement(self) -> Confinement:
        """What the process has given up before it is given a chart.

        Raises:
            MlsecError: it cannot be started.
        """
        return self._process().confinement()

    def render(self, chart: Chart) -> list[Charted]:
        """Give what the templates make of each text of values, in their order.

        Raises:
            MlsecError: the process cannot be started.
        """
        answers: list[Charted] = []
        deadline_s = time.monotonic() + self._limits.wall_s
        try:
            self._process().send(chart)
            while len(answers) < len(chart.values):
                answers.append(_charted(self._process().receive(deadline_s)))
        except WorkerGoneError as gone:
            self._stop()
            lost = Charted(problem=_worded(gone, self._limits), is_too_much=True)
            answers += [lost] * (len(chart.values) - len(answers))
        return answers

    def _process(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._limits, start=_START)
        return self._worker

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


def _charted(answer: object) -> Charted:
    if not isinstance(answer, Charted):
        raise WorkerGoneError("the process that renders charts answered nonsense")
    return answer


def _worded(gone: WorkerGoneError, limits: Limits) -> str:
    if gone.timed_out:
        return f"takes more than {limits.cpu_s:g} s to render"
    memory = f"{limits.memory_bytes >> 30} GiB"
    return f"cannot be rendered in {memory} of memory: {gone.detail}"

"""A reading process that is started before it is needed, and starts while rules are loaded."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import Confinement
from mlsec.artifacts.sandbox.worker import Worker, WorkerGoneError
from mlsec.core.errors import MlsecError

_ready: list[Worker] = []
_lock = threading.Lock()


@contextlib.contextmanager
def process_ahead(limits: Limits | None = None, *, is_required: bool = False) -> Iterator[None]:
    """Start a process for the first reader of files; it ends with the block, if it was not used.

    Raises:
        MlsecError: it lacks something essential of its confinement, and that ``is_required``.
    """
    # Where none can be started, the reading says so.
    with contextlib.suppress(MlsecError):
        _ready.append(Worker(limits or Limits()))
    try:
        if is_required:
            confinement_here(limits).require()
        yield
    finally:
        while _ready:
            _ready.pop().stop()


def process_for(limits: Limits, modules: tuple[str, ...] = ()) -> Worker:
    """Give the process that was started ahead in the same way, else a new one.

    Raises:
        MlsecError: none could be started.
    """
    with _lock:
        taken = _ready.pop() if _ready else None
    if taken is None:
        return Worker(limits, modules)
    if modules or taken.limits != limits:
        taken.stop()
        return Worker(limits, modules)
    return taken


def confinement_here(limits: Limits | None = None) -> Confinement:
    """What the processes that read files give up on this machine, seen by starting one.

    Raises:
        MlsecError: none could be started.
    """
    worker = process_for(limits or Limits())
    try:
        confinement = worker.confinement()
    except WorkerGoneError as gone:
        raise MlsecError(f"no file can be read: {gone.detail}") from None
    with _lock:
        _ready.append(worker)
    return confinement

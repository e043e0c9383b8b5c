"""Run the estate's AWS server in its own process; control it over its standard input and output.

The process ends when its standard input is closed, so that none is left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.estate.faults import Fault
from tests.estate.model import build_estate
from tests.estate.overlay import Patch

_ROOT = Path(__file__).resolve().parents[2]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve; ``objects`` are files in its buckets: ``bucket/key`` -> base64.

    ``patches`` are for what a test makes in it later; recordings know nothing of them.
    """

    deployments: int
    is_hostile: bool = False
    latency_s: float = 0.0
    page_size: int = 0
    has_story: bool = False
    has_zoo: bool = False
    is_written: bool = False
    is_default: bool = False
    objects: dict[str, str] = msgspec.field(default_factory=dict)
    patches: tuple[Patch, ...] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One line to the server: replace the faults, or tell what was asked."""

    verb: str
    faults: tuple[Fault, ...] = ()
    latency_s: float = 0.0


class RunningAws:
    """A server process and the means to break it."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "tests.estate.serve", msgspec.json.encode(settings).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"},
            text=True,
        )
        self.url = str(self._read()["url"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def environment(self) -> dict[str, str]:
        """Give the environment in which a client talks to this server and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def set_faults(self, *faults: Fault, latency_s: float = 0.0) -> None:
        """Replace the faults and forget what was asked so far."""
        self._order(Order(verb="faults", faults=faults, latency_s=latency_s))

    def counts(self) -> Counter[str]:
        """Count the calls by ``service:Operation`` since the faults were last set."""
        return Counter(self._order(Order(verb="report"))["counts"])

    def calls(self) -> list[tuple[str, str]]:
        """Give every call (label, region) in order."""
        return [(label, region) for label, region in self._order(Order(verb="report"))["calls"]]

    def struck(self) -> Counter[str]:
        """Count the calls that a fault struck."""
        return Counter(self._order(Order(verb="report"))["struck"])

    def mistakes(self) -> list[str]:
        """Give what the server did not know or the emulator failed at; empty when all is well."""
        return list(self._order(Order(verb="report"))["mistakes"])

    def _order(self, order: Order) -> dict[str, Any]:
        with self._lock:
            if self._process.stdin is None:
                raise RuntimeError("the server is stopped")
            self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
            self._process.stdin.flush()
            return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the estate server ended with {self._process.poll()}")
        return dict(json.loads(line))


def main(text: str) -> None:
    from tests.estate.aws_refusals import AwsRefusals  # noqa: PLC0415
    from tests.estate.aws_server import AwsHandler, LiveAws, store_for  # noqa: PLC0415
    from tests.estate.faults import Injector  # noqa: PLC0415
    from tests.estate.objects import Objects  # noqa: PLC0415
    from tests.estate.wire import LoopbackServer  # noqa: PLC0415

    settings = msgspec.json.decode(text, type=Settings)
    estate = build_estate(
        settings.deployments,
        is_hostile=settings.is_hostile,
        has_story=settings.has_story,
        has_zoo=settings.has_zoo,
        is_written=settings.is_written,
        is_default=settings.is_default,
    )
    injector = Injector(AwsRefusals(), latency_s=settings.latency_s)
    live = LiveAws(estate, settings.page_size, settings.patches)
    store = store_for(estate, settings.page_size)
    if not len(store):
        live.prepare()
    handler = AwsHandler(live, store, injector, Objects(settings.objects))
    server = LoopbackServer(handler).start()
    _say({"url": server.url})
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        if order.verb == "faults":
            injector.set_faults(order.faults)
            injector.latency_s = order.latency_s or settings.latency_s
            _say({})
            continue
        _say(
            {
                "counts": injector.counts(),
                "calls": injector.calls,
                "struck": injector.struck,
                "mistakes": handler.unknown + live.surprises,
            }
        )
    os._exit(0)  # the worker thread may be busy with an answer that nobody waits for


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

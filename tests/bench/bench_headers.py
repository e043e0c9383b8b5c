"""safetensors and GGUF of 2 GiB: a header is read, beside a plain read of the same header."""

from __future__ import annotations

import json
import resource
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mlsec.artifacts.bytes.window import FileSource, Window
from mlsec.artifacts.inspect.inspect import inspect
from tests.artifacts.builders.ggufs import KEY, Writer
from tests.artifacts.builders.template_texts import CHAT
from tests.bench.measure import say

DATA_BYTES = 2 << 30
TENSORS, TOKENS = 600, 128_000


def safetensors_header() -> bytes:
    each = DATA_BYTES // TENSORS // 4 * 4
    header = {
        f"model.layers.{number}.weight": {
            "dtype": "F32",
            "shape": [each // 4],
            "data_offsets": [number * each, (number + 1) * each],
        }
        for number in range(TENSORS)
    }
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_header() -> bytes:
    each = DATA_BYTES // TENSORS // 32 * 32
    tokens = ("tokenizer.ggml.tokens", [f"token{number}" for number in range(TOKENS)])
    tensors = tuple((f"blk.{number}.w", each // 4, number * each) for number in range(TENSORS))
    return Writer().file(tokens, (KEY, CHAT), tensors=tensors, data_bytes=0)


def main() -> None:
    """Print CPU seconds, bytes read and the process's peak for each format."""
    with tempfile.TemporaryDirectory() as folder:
        for name, build in (("safetensors", safetensors_header), ("gguf", gguf_header)):
            path = Path(folder) / name
            header = build()
            each = DATA_BYTES // TENSORS // 32 * 32
            with path.open("wb") as file:
                file.write(header)
                file.truncate(len(header) + (each if name == "gguf" else each // 4 * 4) * TENSORS)
            _report(name, path, len(header))


def _report(name: str, path: Path, header_bytes: int) -> None:
    with path.open("rb") as file:
        source = FileSource(file.fileno())
        floor = _cpu(lambda: file.read(header_bytes))
        took = _cpu(lambda: inspect(Window.over(source, name)))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(
        f"  {name}: {took * 1000:.0f} ms CPU ({took / max(floor, 1e-6):.0f} x a plain read of its "
        f"header), header {header_bytes:,} bytes, {source.bytes_read:,} read, "
        f"process peak {peak_kib // 1024} MiB, Python {sys.version_info.major}."
        f"{sys.version_info.minor}"
    )


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started

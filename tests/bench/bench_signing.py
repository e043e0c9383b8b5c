"""Verifying signed models, whole processes, beside model-signing and a bare SHA-256."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import msgspec

from tests.bench.measure import (
    Cost,
    middle,
    python_module,
    ratio,
    run_in_turn,
    run_once,
    say,
    table,
)

GIB = float(os.environ.get("MLSEC_BENCH_GIB", "4"))
RUNS = int(os.environ.get("MLSEC_BENCH_RUNS", "3"))
FILES = 20_000
POLICY = """\
version: 1
anchors: {release: {type: key, pem: release.pub}}
models: [{match: {path: "**"}, require: {signers: [{anchor: release}]}}]
"""
# The floor: the hash alone over memory, in as many threads as a model has files to share out.
BARE = """
import hashlib, sys, threading
total, threads = int(sys.argv[1]), int(sys.argv[2])
def work():
    found, block = hashlib.sha256(), memoryview(bytearray(1 << 20))
    for _ in range(total // threads >> 20):
        found.update(block)
    found.update(block[: total // threads % (1 << 20)])
crew = [threading.Thread(target=work) for _ in range(threads)]
[one.start() for one in crew]
[one.join() for one in crew]
"""
# The same with the file: what sha256sum does.
OF_FILE = "import hashlib, sys; print(hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256'))"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A model to verify: so many files of so many bytes."""

    name: str
    files: int
    size_bytes: int
    threads: int


def main() -> None:
    """Measure and print."""
    whole = int(GIB * (1 << 30))
    shapes = (
        Shape(name="1 file of 1 KB", files=1, size_bytes=1024, threads=1),
        Shape(name=f"1 file of {GIB:g} GiB", files=1, size_bytes=whole, threads=1),
        Shape(name=f"8 files, {GIB:g} GiB", files=8, size_bytes=whole // 8, threads=2),
        Shape(name=f"{FILES:,} files of 4 KB", files=FILES, size_bytes=4096, threads=1),
    )
    for shape in shapes:
        with tempfile.TemporaryDirectory(prefix="mlsec-bench-") as name:
            _measure(shape, Path(name))


def _measure(shape: Shape, folder: Path) -> None:
    model = folder / "model"
    _make(shape, model)
    _keys(folder)
    key, public = str(folder / "release.key"), str(folder / "release.pub")
    signature = str(folder / "model.sig")
    ours = python_module("mlsec", "verify", str(model), "--trust", str(folder / "trust.yaml"),
                         "--signature", signature)  # fmt: skip
    run_once(python_module("mlsec", "sign", str(model), "--key", key, "-o", signature))
    total = shape.files * shape.size_bytes
    bare = [sys.executable, "-c", BARE, str(total), str(shape.threads)]
    commands = {"bare SHA-256 over memory": bare}
    if shape.files == 1 and total > 1 << 20:
        commands["bare SHA-256 of the file"] = [
            sys.executable, "-c", OF_FILE, str(next(model.iterdir()))
        ]  # fmt: skip
    commands["mlsec verify"] = ours
    peer = _peer()
    if peer:
        commands[peer] = python_module("model_signing", "verify", "key", "--signature", signature,
                                       "--public_key", public, str(model))  # fmt: skip
    found = run_in_turn(
        {name: partial(run_once, command) for name, command in commands.items()}, RUNS
    )
    _print(shape, found, peer)


def _print(shape: Shape, found: dict[str, list[Cost]], peer: str) -> None:
    floor = [cost.wall_s for cost in found["bare SHA-256 over memory"]]
    rows = [
        (
            name,
            f"{middle([cost.wall_s for cost in costs]):.2f}",
            f"{middle([cost.cpu_s for cost in costs]):.2f}",
            f"{ratio([cost.wall_s for cost in costs], floor):.2f}",
            f"{ratio([c.wall_s for c in costs], [c.wall_s for c in found[peer]]):.2f}"
            if peer
            else "absent",
            f"{middle([cost.peak_mib for cost in costs]):.0f}",
        )
        for name, costs in found.items()
    ]
    cores = f", the floor on {shape.threads} threads"
    table(
        f"{shape.name}, median of {RUNS}{cores}",
        ("", "wall s", "CPU s", "x floor", "x model-signing", "peak MiB"),
        rows,
    )


def _make(shape: Shape, model: Path) -> None:
    block = os.urandom(1 << 20)
    for number in range(shape.files):
        path = model / f"d{number // 1000:02d}" / f"f{number:05d}.bin"
        if shape.files < 10:
            path = model / path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            left = shape.size_bytes
            while left > 0:
                file.write(block[: min(left, len(block))])
                left -= len(block)
            # Otherwise every small file would be the same.
            file.seek(0)
            file.write(number.to_bytes(4, "big"))


def _keys(folder: Path) -> None:
    for command in (
        ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "release.key"],
        ["pkey", "-in", "release.key", "-pubout", "-out", "release.pub"],
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607
    (folder / "trust.yaml").write_text(POLICY)


def _peer() -> str:
    try:
        return f"model-signing {importlib.metadata.version('model-signing')} verify"
    except importlib.metadata.PackageNotFoundError:
        say("  model-signing is not installed, so nothing stands beside")
        return ""

"""Tries every act in locked processes and, as a control, in free ones; prints JSON.

Run as the user and with the rights that are to be tried; the arguments name acts (default: all).
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.lock import lock
from mlsec.artifacts.sandbox.modules import LOADED_FIRST
from mlsec.artifacts.sandbox.wire import Begin, frame
from mlsec.artifacts.sandbox.worker import START
from tests.attacks.inside.acts import ACTS, Result, Site

SECRET = ctypes.create_string_buffer(b"untouched")
STARTED = START.replace("mlsec.artifacts.sandbox.child", "tests.attacks.inside.attempt")


def main() -> None:
    """Print what each act came to, and whether the folder and the process to reach are the same."""
    names = sys.argv[1:] or list(ACTS)
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        made(site)
        before = state(site)
        locked = {name: tried(name, folder, is_locked=True) for name in names}
        survived = [name for name, result in locked.items() if not isinstance(result, int)]
        told = in_a_reading_process(survived, folder)
        is_unharmed = state(site) == before and SECRET.value == b"untouched"
        free = {}
        for name in names:
            free[name] = tried(name, folder, is_locked=False)
            made(site)
    sys.stdout.write(json.dumps({**told, "locked": locked, "free": free, "unharmed": is_unharmed}))


def tried(name: str, folder: str, *, is_locked: bool) -> Result | int:
    """The result of an act in a fork of this process, or the signal that it ended it by."""
    victim, address = os.getpid(), ctypes.addressof(SECRET)
    reading, writing = os.pipe()
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        site = Site(folder, victim, address)
        os.dup2(theirs.fileno(), 0)
        os.dup2(writing, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        if is_locked:
            lock(Limits())
        os.write(1, json.dumps(ACTS[name](site)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        line = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ours.close()
    theirs.close()
    return json.loads(line) if line else status


def in_a_reading_process(names: Sequence[str], folder: str) -> dict[str, Any]:
    """The same acts in a process that is started, and begun, exactly as a reading one is."""
    paths = json.dumps([str(Path(path).resolve()) for path in sys.path])
    place = (folder, str(os.getpid()), str(ctypes.addressof(SECRET)))
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-I", "-S", "-B", "-c", STARTED, paths, *place, *names],
            stdin=theirs.fileno(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
            env={}, start_new_session=True,
        )  # fmt: skip
    ours.sendall(frame(Begin(limits=Limits(), modules=LOADED_FIRST)))
    output, _ = process.communicate(timeout=60)
    ours.close()
    end = 4 + int.from_bytes(output[:4], "little")
    inside, *lines = output[end:].splitlines()
    return {
        "confinement": msgspec.msgpack.decode(output[4:end])["confinement"],
        "inside": json.loads(inside),
        "started": dict(zip(names, map(json.loads, lines), strict=True)),
    }


def made(site: Path) -> None:
    """Bring the folder back to how every act finds it."""
    for path in site.iterdir():
        if path.is_mount():
            ctypes.CDLL(None).umount2(os.fsencode(path), 0)
        if path.name == "new":
            path.rmdir() if path.is_dir() else path.unlink()
    (site / "sibling").write_bytes(b"secret")
    (site / "sibling").chmod(0o600)
    (site / "empty").mkdir(exist_ok=True)


def state(site: Path) -> dict[str, Any]:
    """All that an act could change in the folder."""
    return {
        path.name: (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino, found.st_uid)
        for path in site.iterdir()
        for found in [path.lstat()]
    }


if __name__ == "__main__":
    main()

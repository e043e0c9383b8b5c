"""Scans of repositories and clouds in which secrets are planted, and what is left of them."""

from __future__ import annotations

import random
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path

from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.folder import export_folder
from tests.attacks.planted_secrets import KINDS, Secret, make_secret, traces_of
from tests.attacks.secret_places import PLACES
from tests.e2e import runs
from tests.e2e.clouds import Running

IN_CODE, PER_CLOUD = 110, 10
FORMATS = (
    "html,sarif,sarif-full,json,text,markdown,cyclonedx,oscal,gitlab,gitlab-sast,"
    "findings-csv,junit,ocsf,asff,openmetrics,issues"
)


def secrets_of(seed: int, count: int, *, has_lines: bool = True) -> list[Secret]:
    """Make secrets of each kind in turn."""
    r = random.Random(seed)  # noqa: S311 - the same in each run
    made = (make_secret(KINDS[(seed + index) % len(KINDS)], r) for index in range(10 * count))
    return [secret for secret in made if has_lines or not secret.is_long][:count]


def planted(folder: Path) -> list[tuple[Secret, str]]:
    """Write a repository with a secret in each of its files; give each with its place."""
    r = random.Random(17)  # noqa: S311 - the same in each run
    result: list[tuple[Secret, str]] = []
    for index in range(10 * IN_CODE):
        secret, place = make_secret(KINDS[index % len(KINDS)], r), PLACES[index % len(PLACES)]
        if place.takes(secret) and len(result) < IN_CODE:
            path, text = place.write(secret, f"part{index}")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
            result.append((secret, place.name))
    return result


def everything(folder: Path, *said: str) -> list[str]:
    """Give all that a scan left in a folder, unpacked, and what it said."""
    texts = [*said]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    texts += [path.read_bytes().decode("utf-8", "replace") for path in files]
    with open_evidence(folder / "evidence.mlsnap") as snapshot:
        export_folder(snapshot, folder / "twin")
        texts += [path.read_text("utf-8") for path in (folder / "twin").iterdir()]
    with sqlite3.connect(folder / "evidence.mlsnap") as database:
        rows = database.execute("SELECT body FROM payload").fetchall()
    texts += [zlib.decompress(body).decode() for (body,) in rows]
    assert len(rows) > 1
    return texts


def leaked(texts: Iterable[str], secrets: Iterable[Secret]) -> list[tuple[str, str]]:
    """Name the secrets of which a trace is left, also where white space was put into one."""
    whole = "\n".join(texts)
    squeezed = "".join(whole.split()).replace("\\n", "").replace("\\r", "")
    return [
        (secret.kind, trace)
        for secret in secrets
        for trace in traces_of(secret)
        if trace in whole or trace in squeezed
    ]


def scan(target: str | Path, out: Path, cloud: Running | None = None, **more: str) -> list[str]:
    """Scan as a user does, into every format, the history and the terminal."""
    out.mkdir()
    words = (target, "-o", out, "-f", FORMATS, "--history", out / "history.sqlite")
    gate = ("--fail-on", "none", "--min-coverage", "0")
    done = runs.in_child("scan", *words, *gate, aws=cloud, **more)
    assert done.returncode in (0, 11), done.stderr[-2000:]
    again = runs.in_child("scan", out / "evidence.mlsnap", "-f", "text", *gate)
    return everything(out, done.stdout, done.stderr, again.stdout, again.stderr)

"""``python -m tests.corpus.recall FOLDER [DETAILS]``: flagged by us and by peers, in one run.

FOLDER/<set>/malicious and FOLDER/<set>/benign hold the files, at any depth. Peers are asked where
their commands are on PATH, each in its own interpreter. An error of a peer is not a hit and is
counted apart. DETAILS is written as JSON lines: each file with every answer and our facts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.sandbox.jobs import LocalJob
from mlsec.artifacts.sandbox.pool import inspect_many
from mlsec.core.enums import Severity
from tests.bench.measure import say, table

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
PEERS = ("picklescan", "modelscan", "fickling", "hayward")
KINDS = ("malicious", "benign")
# True, False, or None where a tool could not say; by file.
Answers = Mapping[str, bool | None]


def main(folder: str, details: str = "") -> int:
    """Print the tables: flagged of all, per set and tool, and ours with the silent misses."""
    sets = {kind: _sets(Path(folder), kind) for kind in KINDS}
    paths = [path for group in sets.values() for files in group.values() for path in files]
    asked = [name for name in PEERS if shutil.which(name)]
    with ThreadPoolExecutor(2) as pool:
        peers = dict(zip(asked, pool.map(lambda name: ask(name, paths), asked), strict=True))
    found = {
        job.id: inspection
        for job, inspection in inspect_many(LocalJob(id=path, path=path) for path in paths)
    }
    tools = {"mlsec": {path: flags(said) for path, said in found.items()}, **peers}
    for kind in KINDS:
        _print(kind, sets[kind], tools, found)
    say(f"not on PATH: {', '.join(name for name in PEERS if name not in asked) or 'none'}")
    if details:
        _write(Path(details), Path(folder), tools, found)
    return 0


def flags(said: Inspection) -> bool:
    """A fact of danger medium or more."""
    return any(fact.danger in FLAGGING for fact in said.facts)


def ask(name: str, paths: Sequence[str]) -> Answers:
    """What a peer says of each file, asked by its own interpreter; none where it says nothing."""
    python = Path(shutil.which(name) or name).parent / "python"
    script = Path(__file__).with_name("ask_peer.py")
    done = subprocess.run(  # noqa: S603 - the peer's own interpreter
        [str(python), str(script), name],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    said: dict[str, bool | None] = dict(json.loads(line) for line in done.stdout.splitlines())
    return {path: said.get(path) for path in paths}


def _sets(folder: Path, kind: str) -> dict[str, list[str]]:
    return {
        place.parent.name: sorted(str(path) for path in place.rglob("*") if path.is_file())
        for place in sorted(folder.glob(f"*/{kind}"))
    }


def _print(
    kind: str,
    sets: Mapping[str, list[str]],
    tools: Mapping[str, Answers],
    found: Mapping[str, Inspection],
) -> None:
    everything = [path for files in sets.values() for path in files]
    rows = []
    for name, files in (*sets.items(), ("all", everything)):
        silent = [path for path in files if not flags(found[path]) and not found[path].gaps]
        cells = (_counted([answers[path] for path in files]) for answers in tools.values())
        rows.append((name, str(len(files)), str(len(silent)), *cells))
    table(f"{kind}: flagged (errors apart)", ("set", "files", "mlsec silent", *tools), rows)


def _counted(answers: list[bool | None]) -> str:
    failed = answers.count(None)
    return f"{answers.count(True)}" + (f" ({failed} errors)" if failed else "")


def _write(
    target: Path, folder: Path, tools: Mapping[str, Answers], found: Mapping[str, Inspection]
) -> None:
    with target.open("w", encoding="utf-8") as out:
        for path, said in found.items():
            row = {
                "file": str(Path(path).relative_to(folder)),
                **{name: answers[path] for name, answers in tools.items()},
                "formats": [known.value for known in said.formats],
                "facts": [[f.kind.value, f.danger.value, f.subject, f.detail] for f in said.facts],
                "holes": [str(gap) for gap in said.gaps],
            }
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

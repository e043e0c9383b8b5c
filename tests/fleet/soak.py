"""Kill processes of fleets until enough have died: python -m tests.fleet.soak KILLS [SEED]."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from mlsec.fleet.database import connect, migrate
from mlsec.fleet.engines.procrastinate import ProcrastinateEngine
from mlsec.history.place import DatabaseUrl
from tests.fleet.crashing import crash_run
from tests.postgres import Server, programs


def main(kills: int, seed: int = 1000) -> None:
    """Run scan after scan, each from another seed, until so many processes were killed."""
    folder = programs()
    assert folder, "needs PostgreSQL's server: apt-get install postgresql"
    server = Server(folder)
    killed: Counter[str] = Counter()
    runs = 0
    try:
        while killed.total() < kills:
            with server.database() as name, tempfile.TemporaryDirectory() as files:
                url = DatabaseUrl(server.url(name))
                with connect(url) as ledger:
                    migrate(ledger)
                ProcrastinateEngine(url).prepare()
                killed += crash_run(
                    server, url, Path(files), units=24, seed=seed + runs, kills=10, say=_say
                )
            runs += 1
        _say(f"{killed.total()} killed in {runs} scans: {dict(sorted(killed.items()))}")
        _say("nothing lost, nothing doubled, no lane exceeded, every scan ended by itself")
    finally:
        server.stop()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""``python -m tests.fuzz TARGET [libFuzzer options]``, ``--list``, or ``--all SECONDS [NAME...]``.

Needs the package atheris, which is no dependency of the tests. A traceback, an input that takes
too long or too much memory, and something accepted that must not be end a target's run, and the
input is kept as ``crash-*``. Found inputs become the smallest sample that shows them in the tests.
``--all`` runs each target (or those whose names begin with a NAME) for so many seconds, in a
process of its own, as many at a time as there are cores, and prints what came of each.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

# An instrumented process is slow, and on a busy machine slower: 100 s of it are a few of ours.
DEFAULTS = ("-timeout=100", "-rss_limit_mb=1024", "-max_len=65536")
READER_NAMES = ("reader-", "any-file")
_DONE = re.compile(r"Done (\d+) runs|stat::number_of_executed_units:\s*(\d+)")


def main() -> int:
    """Run what the command line says."""
    words = sys.argv[1:]
    if words[:1] == ["--all"]:
        return run_all(int(words[1]), words[2:])
    if words[:1] == ["--list"] or not words:
        sys.stdout.write("\n".join(_names(())) + "\n")
        return 0
    run_one(words[0], words[1:])
    return 0


def run_one(name: str, options: list[str]) -> None:
    """Fuzz one target from its seeds until stopped, or for ``-runs`` or ``-max_total_time``."""
    import atheris  # type: ignore[import-not-found]  # noqa: PLC0415 - only who fuzzes has it

    # To follow a module takes seconds to prepare, so only what is fuzzed is followed.
    is_reader = name.startswith(READER_NAMES)
    with atheris.instrument_imports(include=["mlsec.artifacts" if is_reader else "mlsec.signing"]):
        table = importlib.import_module("tests.fuzz.readers" if is_reader else "tests.fuzz.signing")
    target: Target = table.TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(target.seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(data)
        given = [option.partition("=")[0] for option in options]
        defaults = [option for option in DEFAULTS if option.partition("=")[0] not in given]
        more = {"custom_mutator": _by_structure} if target.is_json else {}
        atheris.Setup([sys.argv[0], *defaults, *options, corpus], target.try_one, **more)
        atheris.Fuzz()


def _by_structure(data: bytes, most_bytes: int, seed: int) -> bytes:
    import atheris  # noqa: PLC0415

    from tests.fuzz.documents import mutate_document  # noqa: PLC0415

    return mutate_document(data, seed, atheris.Mutate, most_bytes)


def run_all(seconds: int, begins: list[str]) -> int:
    """Fuzz every target; 1 when one of them showed a mistake."""
    names = _names(tuple(begins))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = sum(pool.map(lambda name: _run(name, seconds), names))
    sys.stdout.write(f"{len(names)} targets, {bad} with a mistake\n")
    return 1 if bad else 0


def _names(begins: tuple[str, ...]) -> list[str]:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    return [name for name in TARGETS if not begins or name.startswith(begins)]


def _run(name: str, seconds: int) -> bool:
    command = [
        *(sys.executable, "-m", "tests.fuzz", name),
        *(f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix=crash-{name}-"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    counts = [int(a or b) for a, b in _DONE.findall(done.stderr)]
    is_bad = done.returncode != 0
    sys.stdout.write(
        f"{name}: {max(counts, default=0):,} inputs{', A MISTAKE' if is_bad else ''}\n"
    )
    if is_bad:
        sys.stdout.write(done.stderr[-3000:] + "\n")
    sys.stdout.flush()
    return is_bad


if __name__ == "__main__":
    raise SystemExit(main())

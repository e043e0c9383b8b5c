"""``python -m tests.fuzz TARGET [libFuzzer options]``, ``--list``, or ``--all SECONDS [NAME...]``.

Needs the package atheris, which is not a dependency of the tests. A traceback, an input that takes
too long or too much memory, and something accepted that must not be end a target's run, and the
input is kept as ``crash-*``. Found inputs become the smallest sample that shows them in the tests.
``--all`` runs each target (or those whose names begin with a NAME) for so many seconds, in a
process of its own, as many at a time as there are cores, and prints what came of each.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.artifacts.mutations import TELLING

if TYPE_CHECKING:
    from tests.fuzz.target import Target

# An instrumented process is slow, and on a busy machine slower: 100 s of it are a few of ours.
DEFAULTS = ("-timeout=100", "-rss_limit_mb=1024", "-max_len=65536")
OF_ARTIFACTS = ("reader-", "any-file", "pickle-loader")
_WORD = re.compile(rb"[A-Za-z_][\w.-]{2,30}")
MOST_WORDS = 400
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

    # To follow a module takes time to prepare, so only what is fuzzed is followed, and all of that
    # at once: what a reader loads when it first needs it would come too late to be followed.
    is_artifact = name.startswith(OF_ARTIFACTS)
    followed = "mlsec.artifacts" if is_artifact else "mlsec.signing"
    with atheris.instrument_imports(include=[followed]):
        for module in pkgutil.walk_packages(
            importlib.import_module(followed).__path__, f"{followed}."
        ):
            importlib.import_module(module.name)
        table = importlib.import_module(
            "tests.fuzz.artifacts" if is_artifact else "tests.fuzz.signing"
        )
    target: Target = table.TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus, tempfile.NamedTemporaryFile("w") as dictionary:
        seeds = list(target.seeds())
        for number, data in enumerate(seeds):
            (Path(corpus) / f"seed-{number}").write_bytes(data)
        words = words_of(seeds)
        dictionary.writelines(f'"{_escaped(word)}"\n' for word in words)
        dictionary.flush()
        given = [option.partition("=")[0] for option in options]
        defaults = [
            option
            for option in (*DEFAULTS, f"-dict={dictionary.name}")
            if option.partition("=")[0] not in given
        ]
        more = {"custom_mutator": partial(_mutate, target, words)} if target.mutate else {}
        atheris.Setup([sys.argv[0], *defaults, *options, corpus], target.try_one, **more)
        atheris.Fuzz()


def words_of(seeds: Sequence[bytes]) -> list[bytes]:
    """Words that several seeds have, or one of few seeds, and numbers that lengths are wrong by."""
    counts = Counter(word for data in seeds for word in set(_WORD.findall(data)))
    return [*TELLING, *(word for word, _ in sorted(counts.items(), key=_by_count)[:MOST_WORDS])]


def _by_count(counted: tuple[bytes, int]) -> tuple[int, bytes]:
    return -counted[1], counted[0]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _mutate(
    target: Target, words: Sequence[bytes], data: bytes, most_bytes: int, seed: int
) -> bytes:
    """Change by structure four times of five, else (and where there is none) as libFuzzer does."""
    import atheris  # noqa: PLC0415

    source = random.Random(seed)  # noqa: S311 - libFuzzer gives the seed
    found = None
    if target.mutate is not None and source.random() < 0.8:
        found = target.mutate(data, source, words)
    return found if found and len(found) <= most_bytes else atheris.Mutate(data, most_bytes)


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

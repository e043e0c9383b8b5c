"""Try a property on files: ``python -m tests.metamorphic unknown FILE... [--most 14]``."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.metamorphic.comparing import hidden
from tests.metamorphic.literals import FORMS, form_of
from tests.metamorphic.scanning import Scanner


def main() -> None:
    """Print each harm as a line of JSON, and the table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("property", choices=["unknown"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=0, help="changes of each file, 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chosen = random.Random(given.seed)  # noqa: S311 - a sample
    table = Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as scratch:
        scanner = Scanner(Path(scratch))
        for path in given.files:
            text = path.read_text(encoding="utf-8", errors="replace")
            if not (form := form_of(path.name, text)):
                continue
            before = scanner.scan({path.name: text})
            table[form, "files"] += 1
            if not before.failed:
                continue
            mutants = list(FORMS[form](text))
            if given.most and len(mutants) > given.most:
                mutants = chosen.sample(mutants, given.most)
            for mutant in mutants:
                table[form, "mutants"] += 1
                try:
                    harms = hidden(before, after := scanner.scan({path.name: mutant.text}))
                except Exception as error:  # noqa: BLE001 - a crash is what is looked for
                    table[form, "crash"] += 1
                    _tell(str(path), mutant.line, mutant.what, "crash", repr(error))
                    continue
                table[form, "not assessed"] += len(after.unknown) - len(before.unknown)
                table[form, "sites"] += bool(harms)
                for harm in harms:
                    table[form, harm.kind] += 1
                    where = (str(path), mutant.line, mutant.what)
                    _tell(*where, harm.kind, harm.severity, *harm.check)
    for (form, kind), number in sorted(table.items()):
        sys.stderr.write(f"{form:16} {kind:14} {number:6}\n")


def _tell(*words: str | int) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

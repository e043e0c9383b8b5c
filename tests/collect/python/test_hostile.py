"""Python written to hurt its reader: nothing runs, and it takes no longer than its length."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys

import pytest

from mlsec.collect.located.located import plain
from mlsec.collect.python.module import PythonModule
from mlsec.core.errors import MlsecError
from tests.steps import steps

WATCHED = """
import json, sys
from mlsec.collect.python.module import PythonModule
from mlsec.collect.python.notebook import Notebook, script_of
from mlsec.core.errors import MlsecError
texts = json.loads(sys.stdin.read())
list(PythonModule("import a\\na.b(f'{x}')").calls())
seen = []
watching = False
def watch(event, arguments):
    global watching
    if watching and event not in ("object.__getattr__", "sys._getframe", "builtins.id"):
        # Where the parser tells of a mistake it looks for the line in a file of that name.
        if event in ("compile", "open") and "<parsed only>" in repr(arguments):
            return
        watching = False
        seen.append(f"{event} {arguments!r}"[:200])
        watching = True
sys.addaudithook(watch)
for text in texts:
    cell = json.dumps({"cells": [{"cell_type": "code", "source": text}], "nbformat": 4})
    watching = True
    try:
        list(PythonModule(text).calls())
        script = script_of(cell)
        list(Notebook(script or "").module().calls())
    except MlsecError:
        pass
    watching = False
print(json.dumps(seen))
"""
RUNS = (
    "import os\nos.system('touch /tmp/x')",
    "__import__('os').system('true')",
    "exec('import socket')",
    "open('/etc/passwd').read()",
    "eval('1+1')\n@eval('1')\nclass A(metaclass=eval('type')): x = open('/x')",
    "f'{open(\"/etc/passwd\").read()}'",
    "'{0.__class__}'.format(open)",
    "!touch /tmp/x\n%run evil.py\n%load_ext evil",
    "import evil\nevil.run()",
    "# -*- coding: evil -*-\nx()",
    "# -*- coding: utf-7 -*-\nx()",
)
LARGE = {
    "a sum": "x(" + "+".join(["'a'"] * 100_000) + ")",
    "a text that doubles": "a='aaaaaaaaaa'\n"
    + "".join(f"a{n + 1}=f'{{a{n or ''}}}{{a{n or ''}}}'\n" for n in range(60))
    + "x(a59)",
    "mappings that double": "a0={'a':1}\n"
    + "".join(f"a{n + 1}={{'l': a{n}, 'r': a{n}}}\n" for n in range(60))
    + "x(a60)",
    "lists that double": "a0=[1]\n"
    + "".join(f"a{n + 1}=[*a{n}, *a{n}]\n" for n in range(60))
    + "x(a60)",
    "a mapping that grows": "d={}\n" + "".join(f"d['{n}']=1\n" for n in range(5_000)) + "x(d)",
    "a name set often": "".join(f"a={n}\nx(a)\n" for n in range(5_000)),
    "a name set in branches": "".join(f"if c: a={n}\n" for n in range(5_000)) + "x(a)\n" * 5_000,
    "a loop that sets a name": "while c:\n" + "  x(a)\n  a=1\n" * 5_000,
    "one call on another": "a" + ".b()" * 3_000,
    "many branches": "if a: pass\n" + "elif a: b()\n" * 3_000,
    "deep brackets": "x(" * 120 + ")" * 120,
    "deeper brackets": "[" * 5_000,
    "nots": "x(" + "not " * 5_000 + "a)",
    "a large number": "x(" + "9" * 5_000 + ")",
    "a power": "x(10**10**10)",
    "a format of many holes": "x('" + "{}" * 4_000 + "'.format(1))",
    "names that lead to each other": "a=b\nb=a\nx(a, b)\n" * 2_000,
    "lambdas in lambdas": "x(" + "lambda: " * 100 + "a)",
    "many parameters": "def f(" + ",".join(f"a{n}=x()" for n in range(5_000)) + "): pass",
}


def test_nothing_of_a_hostile_file_runs() -> None:
    done = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", WATCHED],
        input=json.dumps(RUNS),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("name", LARGE)
def test_a_file_takes_no_longer_than_its_length(name: str) -> None:
    def work() -> None:
        with contextlib.suppress(MlsecError):
            for call in PythonModule(LARGE[name]).calls():
                if name != "mappings that double":  # what is shared there is not written out
                    [plain(item) for item in call.args]

    assert steps(work) < 200 * len(LARGE[name]) + 50_000


@pytest.mark.parametrize("text", ["\x00", "x(\x00)", "x(\ud800)", "(", "'"])
def test_odd_bytes_are_refused(text: str) -> None:
    with pytest.raises(MlsecError):
        list(PythonModule(text).calls())


@pytest.mark.parametrize("text", ["\ufeffx()", "", "\x0c"])
def test_odd_beginnings_are_read(text: str) -> None:
    list(PythonModule(text).calls())

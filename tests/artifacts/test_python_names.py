"""Python beside a model: names that are put together in many ways, and honest ones like them."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
HOSTILE = {
    "star": "from subprocess import *\ncheck_output(['echo', 'inert'])\n",
    "branches": (
        "if x:\n    import subprocess as tool\nelse:\n    import json as tool\ntool.run('id')\n"
    ),
    "three-branches": (
        "try:\n    import json as t\nexcept E:\n    import os as t\nelse:\n    import re as t\n"
        "t.system('echo inert')\n"
    ),
    "call-of-a-call": "import builtins as b\nimport os\nb.getattr(os, 'popen').__call__('id')\n",
    "call-hook": "import os\nos.system.__call__.__call__('echo inert')\n",
    "put-into-a-dict": "import os\nd = {}\nd['go'] = os.system\nd['go']('echo inert')\n",
    "dict-of-a-module": (
        "import os\nn = os.__dict__\nn['x'] = os.posix_spawn\nn['x']('/bin/sh', [], {})\n"
    ),
    "list": "[0, __import__][1]('os').system('echo inert')\n",
    "list-from-behind": "held = (__import__,)\nheld[-1]('os').system('echo inert')\n",
    "dict": "import os\n{'k': os.system}['k']('echo inert')\n",
    "run-module": "import runpy\nrunpy.run_module('payload')\n",
    "spawned": "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('echo inert'))\n",
    "characters": (
        "import importlib\nm = importlib.import_module(''.join(map(chr, [111, 115])))\n"
        "getattr(m, ''.join(['sys', 'tem']))('echo inert')\n"
    ),
    "generated": "__import__(''.join(chr(n) for n in (111, 115))).system('echo inert')\n",
    "bytes": "__import__(bytes([111, 115]).decode()).system('echo inert')\n",
    "hex": "__import__(bytes.fromhex('6f73').decode()).system('echo inert')\n",
    "base64": "import base64\n__import__(base64.b64decode('b3M=').decode()).system('echo inert')\n",
    "names": "a = 'sys'\nb = 'tem'\nimport os\ngetattr(os, a + b)('echo inert')\n",
    "subclasses": (
        "class Model:\n    def __init__(self):\n"
        "        [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'x']\n"
    ),
    "globals": "def f(g):\n    return g.__init__.__globals__['sys' + 'tem']('echo inert')\n",
}  # fmt: skip
HONEST = {
    "own-subclasses": "def kinds(cls):\n    return [c.__name__ for c in cls.__subclasses__()]\n",
    "dispatch": "import torch\nLOADERS = {'pt': torch.nn.Linear}\nLOADERS['pt'](2, 3)\n",
    "branches": (
        "try:\n    import ujson as json\nexcept ImportError:\n    import json\njson.loads('1')\n"
    ),
    "star": "from torch.nn import *\nlayer = Linear(2, 3)\n",
    "parameter": "from subprocess import *\ndef apply(function, x):\n    return function(x)\n",
    "joined": "import os\nname = ','.join(['a', 'b'])\ngetattr(os.path, 'join')(name, 'x')\n",
    "own-globals": "def f(g):\n    return g.__globals__['np'](3)\n",
    "text-of-a-name": "import torch\nkind = 'float' + '32'\ngetattr(torch, kind)\n",
}


def dangers(source: str) -> set[Severity]:
    return {one.danger for one in inspect(Window.of(source.encode(), name="model.py")).facts}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_runs_commands_is_found_by_whatever_road_it_is_named(name: str) -> None:
    assert FLAGGING & dangers(HOSTILE[name])


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_that_looks_alike_is_not_flagged(name: str) -> None:
    assert not FLAGGING & dangers(HONEST[name])


def test_names_that_stand_for_each_other_and_long_sums_end() -> None:
    circle = "a = b\nb = a\nimport json\ngetattr(json, a + b)('x')\na['k'](1)\n"
    long = "x = 'a'\nimport json\ngetattr(json, " + "+".join(["x"] * 140) + ")('x')\n"
    assert not FLAGGING & dangers(circle)
    assert not FLAGGING & dangers(long)

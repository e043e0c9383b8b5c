"""Programs that are kept as texts, archives that are programs, commands within commands."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
WRITES = "open('notes.txt', 'w').write('inert')"


def seen(name: str, data: bytes | str) -> Inspection:
    return inspect(Window.of(data.encode() if isinstance(data, str) else data, name))


def is_flagged(found: Inspection) -> bool:
    return bool(FLAGGING & {fact.danger for fact in found.facts})


def handler(*lines: str, method: str = "__call__", before: str = "") -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return f"{before}class EndpointHandler:\n    def {method}(self, data):\n{body}"


@pytest.mark.parametrize("method", ["__call__", "__init__", "predict", "handle"])
@pytest.mark.parametrize(
    "line",
    [
        f'return eval(compile("{WRITES}", "s", "eval"))',
        f'return eval("{WRITES}")',
        'exec(compile("import pathlib; pathlib.Path(\'a\').write_text(\'b\')", "s", "exec"))',
        "exec(CODE)",
        'return eval(compile(data["inputs"], "s", "eval"))',
        'return eval(data["inputs"])',
        'exec(data["code"])',
    ],
)  # fmt: skip
def test_a_handler_that_runs_a_text_which_acts_is_told(line: str, method: str) -> None:
    assert is_flagged(
        seen("handler.py", handler(line, method=method, before=f'CODE = "{WRITES}"\n'))
    )


@pytest.mark.parametrize(
    "line",
    [
        'self.dtype = eval("torch.float16")',
        'self.size = eval(compile("2 * 8", "s", "eval"))',
        'exec("self.layer = torch.nn.Linear(3, 3)")',
        'self.make = eval("lambda x: x + 1")',
    ],
)
def test_a_handler_that_computes_from_its_own_text_is_not_flagged(line: str) -> None:
    found = seen("handler.py", handler(line, before="import torch\n"))
    assert not is_flagged(found)
    assert not found.gaps


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "VALUE = 1\n")
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [zipped("__main__.py"), b"#!/usr/bin/env python3\n" + zipped("w.py", "__main__.py")],
)
def test_an_archive_that_python_runs_is_told(data: bytes) -> None:
    kinds = {fact.kind for fact in seen("model.zip", data).facts}
    assert FactKind.CUSTOM_CODE in kinds


def tarred(name: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m.zip", zipped("package/__main__.py", "package/__init__.py")),
        ("m.zip", zipped("main.py")),
        ("m.tar", tarred("__main__.py")),
    ],
)
def test_an_archive_that_only_holds_a_package_is_not_flagged(name: str, data: bytes) -> None:
    assert not is_flagged(seen(name, data))


def project(command: str) -> str:
    return "name: train\nentry_points:\n  main:\n    command: " + json.dumps(command) + "\n"


@pytest.mark.parametrize(
    "command",
    [
        "python -V && sh -c 'touch /tmp/inert' && python train.py --lr {lr}",
        'bash -lc "id"',
        "zsh -e -c 'cp a b'",
        "dash -c id; python train.py",
        "python train.py | sh -c 'tee /tmp/inert'",
    ],
)
@pytest.mark.parametrize("key", ["entry_points", '"entry\\x5fpoints"'])
def test_a_project_that_gives_a_further_shell_commands_is_told(command: str, key: str) -> None:
    assert is_flagged(seen("MLproject", project(command).replace("entry_points", key)))


def test_a_command_of_any_length_is_judged_in_time_or_told() -> None:
    found = seen("MLproject", project('sh -c "\\"' * 20_000))
    assert any(fact.kind is FactKind.NOT_FULLY_READ for fact in found.facts)


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --lr {lr} && python evaluate.py",
        "bash run.sh {alpha}",
        "bash -c 'source env.sh && python train.py'",
        "sh -c 'Rscript train.R'",
        "bash -e train.sh -c config",
        "R -e 'rmarkdown::render(1)'",
        "mkdir -p out && python -m package.train --out out",
        "pip install -e . && python train.py > log.txt",
    ],
)
def test_a_project_that_starts_its_own_programs_is_not_flagged(command: str) -> None:
    assert not is_flagged(seen("MLproject", project(command)))

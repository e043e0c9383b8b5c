"""What renders charts and kustomizations can reach nothing, whatever runs in it; its caps hold."""

from __future__ import annotations

import importlib.util
import io
import json
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.wire import Chart
from mlsec.iac.rendered.chart_engine import ChartEngine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
# As what an exploit in a library or in kustomize would try; each must end in a refusal.
ACTS = {
    "a socket": "import socket; socket.socket()",
    "a process": "import os; os.fork()",
    "a program": "import os; os.execv('/bin/true', ['true'])",
    "a file of the system": "open('/etc/passwd').read()",
    "a file to write": "open('new', 'w').write('x')",
    "a signal": "import os; os.kill(os.getppid(), 0)",
}
LIBRARY = """\
import sys, json; sys.path[:] = json.loads(sys.argv[1])
import socket, os
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.lock import lock_library
lock_library(Limits(), lambda: None)
exec(sys.argv[2])
"""
PROGRAM = """\
import sys, json; sys.path[:] = json.loads(sys.argv[1])
import os
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.lock import lock_program
os.chdir(sys.argv[3])
lock_program(Limits(), sys.argv[3], sys.argv[4])
os.execve(sys.argv[4], ["perl", "-e", sys.argv[2]], {})
"""
# It stands for kustomize here: a program that does whatever it is asked to.
PERL = Path("/usr/bin/perl")
IN_PERL = {
    "a socket": "socket(S, 2, 1, 0) or exit 1",
    "a process": "defined fork() or exit 1",
    "a program": "exec('/bin/true') or exit 1",
    "a file of the system": "open(F, '<', '/etc/passwd') or exit 1; print <F>",
    "a file to write": "open(F, '>', 'new') or exit 1; print F 'x'",
    "a signal": "kill(0, getppid()) or exit 1",
}


def tried(start: str, act: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    paths = json.dumps([str(Path(path).resolve()) for path in sys.path])
    words = [paths, act, str(folder), str(PERL.resolve())]
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-I", "-B", "-c", start, *words], capture_output=True, check=False
    )


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("start", [LIBRARY, PROGRAM], ids=["library", "program"])
def test_nothing_outside_is_reached(start: str, name: str, tmp_path: Path) -> None:
    if start is PROGRAM and not PERL.exists():
        pytest.skip("no perl")
    act = (ACTS if start is LIBRARY else IN_PERL)[name]
    tmp_path.chmod(0o755)
    done = tried(start, act, tmp_path)
    assert done.returncode in (1, -signal.SIGSYS), done
    assert not done.stdout
    assert not (tmp_path / "new").exists()
    assert b"PermissionError" in done.stderr or not done.stderr, done.stderr


@pytest.mark.parametrize("start", [LIBRARY, PROGRAM], ids=["library", "program"])
def test_computing_is_allowed(start: str, tmp_path: Path) -> None:
    if start is PROGRAM and not PERL.exists():
        pytest.skip("no perl")
    act = "os.write(1, b'done'); os._exit(0)" if start is LIBRARY else "print 'done'"
    tmp_path.chmod(0o755)
    done = tried(start, act, tmp_path)
    assert done.stdout == b"done", done


HUNGRY = {
    "an endless range": "{{ range until 10000000 }}{{ range until 10000000 }}{{ end }}{{ end }}",
    "a large output": '{{ range until 10000000 }}{{ repeat 1000 "x" }}{{ end }}',
    "one large text": '{{ repeat 2000000000 "x" }}',
    "a template in itself": '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}',
    "a text that calls itself": "{{ tpl .Values.t . }}",
}
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{above}'] * 9)}]\n"
    for above, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.skipif(importlib.util.find_spec("helm_python") is None, reason="install helm")
def test_a_hungry_chart_ends_alone_and_the_next_one_is_rendered() -> None:
    limits = Limits(cpu_s=1.0, wall_s=8.0, memory_bytes=256 << 20)
    with ChartEngine(limits) as engine:
        assert engine.confinement().is_enough
        for text in HUNGRY.values():
            (answer,) = engine.render(_chart(text, "t: '{{ tpl .Values.t . }}'\n"))
            assert answer.problem
            assert not answer.texts
        (answer,) = engine.render(_chart("a: {{ len .Values }}", BOMB))
        assert answer.problem or answer.texts
        (answer,) = engine.render(_chart("a: {{ .Values.b }}", "b: 1\n"))
        assert answer.texts == {"c/templates/x.yaml": "a: 1"}


def _chart(template: str, values: str) -> Chart:
    files = {
        "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "templates/x.yaml": template,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"c/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return Chart(archive=packed.getvalue(), name="r", values=(values,))

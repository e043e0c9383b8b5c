"""The author of a model file has got native code to run in the process that reads it.

Planted: a file that exploits a decoder. Wanted: the host's files, other processes, the network, a
way to stay. Each act is a raw system call (``inside/acts.py``), which no Python hook sees, tried
as root, as an ordinary user, as root without capabilities, with those of a Docker container, and
in a user namespace; and, as a control, in a process that is not locked.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.confinement import ESSENTIAL, PROTECTIONS
from mlsec.artifacts.sandbox.modules import loaded_for, module_of
from mlsec.artifacts.sandbox.open_file import open_file
from mlsec.artifacts.sandbox.plausible import is_plausible
from mlsec.artifacts.sandbox.syscalls import ALLOWED, CHECKED, numbers, reader_filter
from mlsec.artifacts.sandbox.wire import Done, Load, LocalFile, Module, NoModule, Part, ToParent
from mlsec.artifacts.sandbox.worker import Worker, WorkerGoneError
from tests.artifacts.builders.payloads import EVIL_PICKLE_2
from tests.attacks.inside.acts import ACTS
from tests.attacks.inside.numbers import NUMBERS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
ROOT = Path(__file__).resolve().parents[2]
DOCKER = (
    "+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,"
    "+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"
)
AS_ROOT = {
    "user": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    "root-without-capabilities": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    "root-of-a-container": ["setpriv", "--inh-caps=-all", f"--bounding-set=-all,{DOCKER}"],
}
NAMESPACE = ["unshare", "-Ur"]
# What kernels are built without, or refuse to everybody: said, and nothing else may be among them.
REFUSED_ANYWAY = {
    "first-process-memory", "kexec_load", "init_module", "delete_module", "x32-getpid",
    "userfaultfd", "io_uring_setup", "bpf", "perf_event_open",
}  # fmt: skip


def identities() -> dict[str, list[str]]:
    """Whom the acts can be tried as here, and what starts a program as them."""
    found: dict[str, list[str]] = {"as-is": []}
    if not os.geteuid() and shutil.which("setpriv"):
        found |= AS_ROOT
    trying = [*NAMESPACE, "true"]
    if shutil.which("unshare") and not subprocess.run(trying, check=False).returncode:  # noqa: S603
        found["root-of-a-namespace"] = NAMESPACE
    return found


@pytest.fixture(scope="module", params=identities().items(), ids=lambda item: item[0])
def tried(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Every act, tried as one identity."""
    name, prefix = request.param
    command = [*prefix, sys.executable, "-m", "tests.attacks.inside"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return {"identity": name, **json.loads(done.stdout)}


def refused(result: Any) -> bool:
    return result in (-signal.SIGSYS, [-1, errno.EPERM])


def test_every_act_is_refused(tried: dict[str, Any]) -> None:
    assert {name: result for name, result in tried["locked"].items() if not refused(result)} == {}
    assert len(tried["locked"]) == len(ACTS) > 100


def test_a_process_that_is_started_as_readers_are_refuses_them_too(tried: dict[str, Any]) -> None:
    assert len(tried["started"]) > 60
    assert {name: result for name, result in tried["started"].items() if not refused(result)} == {}


def test_nothing_is_changed_by_trying(tried: dict[str, Any]) -> None:
    assert tried["unharmed"]


def test_the_acts_work_without_the_lock(tried: dict[str, Any]) -> None:
    """The control: what the kernel itself refuses to anyone is known by name."""
    given = (errno.EPERM, errno.EACCES, errno.ENOSYS)
    held_back = {
        name
        for name, result in tried["free"].items()
        if isinstance(result, list) and result[0] < 0 and result[1] in given
    }
    is_root = tried["identity"] == "as-is" and not os.geteuid()
    assert len(ACTS) - len(held_back) >= (110 if is_root else 80)
    if is_root:
        assert held_back <= REFUSED_ANYWAY


def test_what_no_library_tries_ends_the_process(tried: dict[str, Any]) -> None:
    fatal = ("socket-inet", "execve", "fork", "ptrace-attach", "kill", "mount", "setuid")
    assert {tried["locked"][name] for name in fatal if name in ACTS} == {-signal.SIGSYS}


def test_what_is_essential_holds_for_everyone(tried: dict[str, Any]) -> None:
    confinement = tried["confinement"]
    assert set(ESSENTIAL) <= set(confinement["in_force"])
    assert set(confinement["missing"]) <= {"user", "landlock"}
    assert {*confinement["in_force"], *confinement["missing"]} | {"audit_hook"} == set(PROTECTIONS)


def test_only_root_without_the_right_to_change_stays_root(tried: dict[str, Any]) -> None:
    stays = tried["identity"] in ("root-without-capabilities", "root-of-a-namespace")
    assert ("user" in tried["confinement"]["missing"]) == stays


def test_nothing_is_inherited(tried: dict[str, Any]) -> None:
    assert tried["inside"] == {
        "environ": [], "descriptors": [0, 1, 2], "folder": "/", "leads_session": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A reading process that has read a file."""
    path = tmp_path_factory.mktemp("read") / "a.pkl"
    path.write_bytes(EVIL_PICKLE_2)
    worker = Worker(Limits())
    try:
        read(worker, path)
        yield worker
    finally:
        worker.stop()


def read(worker: Worker, path: Path) -> Done:
    source = open_file(str(path))
    worker.send(LocalFile(name=path.name, size_bytes=source.size_bytes), source.descriptor)
    os.close(source.descriptor)
    while True:
        message = worker.receive(time.monotonic() + 60)
        if isinstance(message, Done):
            return message
        assert isinstance(message, Load)
        worker.send(module_of(message.module))


def test_the_kernel_says_the_same_of_a_process_that_reads(worker: Worker) -> None:
    """Seen from outside: what the process reports of itself is true."""
    text = Path(f"/proc/{worker._process.pid}/status").read_text("ascii")
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    assert {int(status[name], 16) for name in names} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
    if "user" in worker.confinement().in_force:
        assert "0" not in status["Uid"].split()


def test_a_file_is_read_all_the_same(worker: Worker, tmp_path: Path) -> None:
    """The near miss: the lock keeps nothing from being judged."""
    path = tmp_path / "b.pkl"
    path.write_bytes(EVIL_PICKLE_2)
    assert {fact.kind.value for fact in read(worker, path).inspection.facts} >= {"denied_call"}


def test_a_process_that_takes_nothing_does_not_hold_up_the_scan() -> None:
    """Asked for bytes and never read, 8 MiB would block the other side for ever."""
    worker = Worker(Limits(wall_s=1), start="import time; time.sleep(600)")
    try:
        with pytest.raises(WorkerGoneError) as gone:
            worker.send(Part(data=bytes(8 << 20)))
    finally:
        worker.stop()
    assert gone.value.timed_out


SPINS = """
import sys, time
from mlsec.artifacts.limits import Limits
from mlsec.artifacts.sandbox.worker import START, Worker
code = START.replace(
    "from mlsec.artifacts.sandbox.child import main; main()",
    "from mlsec.artifacts.sandbox.child import begin; "
    "from mlsec.artifacts.sandbox.inbox import Inbox; begin(Inbox()); exec('while True: pass')",
)
worker = Worker(Limits(), start=code)
worker.confinement()
print(worker._process.pid, flush=True)
time.sleep(600)
"""


def test_a_process_that_never_looks_up_ends_with_the_scan() -> None:
    """Killed, a scan ends nothing itself: foreign code would go on for as long as it likes."""
    scan = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SPINS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert scan.stdout is not None
    reader = Path("/proc") / scan.stdout.readline().strip()
    assert reader.name.isdecimal()
    assert reader.exists()
    scan.kill()
    scan.wait()
    scan.stdout.close()
    until = time.monotonic() + 20
    while is_running(reader) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(reader)


def is_running(process: Path) -> bool:
    try:
        return process.joinpath("stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "name",
    [
        "antigravity", "webbrowser", "pytest", "hypothesis", "tests.conftest", "setuptools",
        "mlsec.cli.main", "yaml", "os", "..os", "mlsec.", "", "json/../x", "no_such_module",
    ],
)  # fmt: skip
def test_a_process_cannot_have_the_next_one_load_what_it_likes(name: str) -> None:
    """What is loaded before the lock runs free: opening a browser, say."""
    assert loaded_for(name) == ()


@pytest.mark.parametrize(
    "name",
    ["pytest", "tests.conftest", "..os", "mlsec.", "", "a/b", "test.tokenizedata.badsyntax_3131"],
)
def test_the_code_of_nothing_else_is_given(name: str) -> None:
    assert module_of(name) == NoModule()


def test_code_of_ours_and_of_libraries_is_given() -> None:
    names = ("mlsec.artifacts.python.code", "jinja2.parser", "encodings.cp437")
    assert all(isinstance(module_of(name), Module) for name in names)
    assert loaded_for("py7zr")[:1] == ("py7zr",)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "properties",
    [
        {"deep": nested(900)}, {"ext": msgspec.msgpack.Ext(5, b"x")}, {"keys": {1: 2}},
        {"time": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)},
    ],
    ids=lambda value: next(iter(value)),
)  # fmt: skip
def test_an_answer_that_cannot_be_stored_is_nonsense(properties: dict[str, Any]) -> None:
    """Nested so deeply that writing it down fails, it would end the scan in the midst of it."""
    data = msgspec.msgpack.encode(Done(inspection=Inspection(size_bytes=1, properties=properties)))
    answer = msgspec.msgpack.decode(data, type=ToParent)
    assert isinstance(answer, Done)
    assert not is_plausible(answer.inspection)


def test_an_answer_of_a_reader_is_not() -> None:
    properties = {"tensors": [{"name": "w", "shape": [1, 2], "at": b"x"}], "producer": None}
    assert is_plausible(Inspection(size_bytes=1, properties=properties))


HEADERS = {
    "x86_64": Path(f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_those_of_the_kernel(machine: str) -> None:
    """A wrong number lets another call pass: held against a second table, and the headers."""
    known = numbers(machine)
    if machine == os.uname().machine:
        assert {name: known[name] for name in NUMBERS.keys() & known.keys()} == {
            name: NUMBERS[name] for name in NUMBERS.keys() & known.keys()
        }
    if HEADERS[machine].exists():
        text = HEADERS[machine].read_text("ascii").replace("__NR3264_", "__NR_")
        words = [line.split() for line in text.splitlines() if line.startswith("#define __NR_")]
        theirs = {word[1][5:]: int(word[2]) for word in words if word[2].isdecimal()}
        assert known == {name: theirs[name] for name in known}


ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def run(program: bytes, arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """What a filter answers to a system call: the instructions of classic BPF that it uses."""
    data = struct.pack("=iIQ6Q", number, arch, 0, *(*arguments, *[0] * 6)[:6])
    value, at = 0, 0
    while True:
        code, yes, no, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, operand)
            case 0x15:
                at += yes if value == operand else no
            case 0x45:
                at += yes if value & operand else no
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


@pytest.mark.parametrize("machine", ARCH)
def test_the_filter_allows_a_reader_s_calls_alone(machine: str) -> None:
    """On the machine that the tests do not run on too: every number, by the filter's own steps."""
    program, known = reader_filter(machine, 4711), numbers(machine)
    answers = {number: run(program, ARCH[machine], number, (7,) * 6) for number in range(1024)}
    assert {number for number, answer in answers.items() if answer == ALLOW} == {
        known[name] for name in ALLOWED
    }
    assert set(answers.values()) == {ALLOW, REFUSE, KILL}
    for name, right, wrong in (
        ("recvmsg", (0,), (1,)),
        ("write", (1,), (2,)),
        ("mmap", (0, 0, 3), (0, 0, 7)),
        ("mprotect", (0, 0, 1), (0, 0, 4)),
        ("prlimit64", (0, 7), (1, 7)),
        ("tgkill", (4711, 1), (1, 4711)),
        ("tkill", (4711, 6), (1, 6)),
    ):
        assert name in CHECKED
        assert run(program, ARCH[machine], known[name], right) == ALLOW, name
        assert run(program, ARCH[machine], known[name], wrong) == REFUSE, name


@pytest.mark.parametrize("machine", ARCH)
def test_another_architecture_s_calls_end_the_process(machine: str) -> None:
    program = reader_filter(machine, 1)
    others = {0x40000003, 0x40000028, 0xC00000F3, *ARCH.values()} - {ARCH[machine]}
    for arch in others:
        assert {run(program, arch, number) for number in range(512)} == {KILL}
    if machine == "x86_64":
        assert {run(program, ARCH[machine], 0x40000000 + number) for number in range(600)} == {KILL}

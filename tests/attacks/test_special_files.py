"""Somebody who may write where a scan finds its settings lays a named pipe or a device there.

A pipe that nobody writes to holds the scan for ever, a device without an end takes all memory, and
a device named as output is replaced by a file. They gain a gate that never answers, or a machine
that is broken by root's scan. Only regular files are read and replaced; pipes of the user's own
shell go on working.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.attacks.limited import EASY, check_refused, repository, run, run_here

POLICY = """\
version: 1
anchors: {release: {type: key, pem: KEY}}
models: [{match: {path: "**"}, require: {signers: [{anchor: release}]}}]
"""
READ = (
    "scan code --rules BAD", "scan code --rules folder", "scan code --params BAD",
    "scan code --waivers BAD", "scan code --baseline BAD", "scan code --trust BAD",
    "scan code --history BAD", "scan code --checkov-json BAD", "scan --evidence BAD",
    "collect code -o new.mlsnap --sign-key BAD", "report BAD", "report verify BAD",
    "report verify out --key BAD", "report verify out --evidence BAD", "diff BAD out",
    "diff out BAD", "history BAD", "snapshot show BAD", "snapshot verify BAD",
    "snapshot import BAD -o new.mlsnap", "snapshot sign out/evidence.mlsnap --key BAD",
    "replay BAD", "serve BAD", "verify model --trust BAD", "verify model --trust anchor.yaml",
    "verify model --trust trust.yaml --signature BAD", "sign model --key BAD",
    "sign model --key ec.pem --certificate BAD", "rules list --rules BAD",
    "rules test --no-mutants --rules BAD",
)  # fmt: skip
WRITTEN = (
    "collect code -o BAD", "scan code -o BAD", "report out -o BAD",
    "sign model --key ec.pem -o BAD",
    "snapshot export out/evidence.mlsnap -o BAD", "snapshot import twin -o BAD",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("special")
    repository(folder / "code")
    (folder / "model").mkdir()
    (folder / "model" / "weights.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    key = ec.generate_private_key(ec.SECP256R1())
    write_key(folder / "ec.pem", key)
    write_key(folder / "ed.pem", ed25519.Ed25519PrivateKey.generate())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "ec.pub").write_bytes(public)
    (folder / "trust.yaml").write_text(POLICY.replace("KEY", "ec.pub"))
    (folder / "waivers.yaml").write_text("waivers: []\n")
    assert run_here("scan", "code", "-o", "out", *EASY, cwd=folder).code == 0
    assert run_here("snapshot", "export", "out/evidence.mlsnap", "-o", "twin", cwd=folder).code == 0
    assert run_here("sign", "model", "--key", "ec.pem", cwd=folder).code == 0
    return folder


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def lay(kind: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            here = Path.cwd()
            os.chdir(path.parent)  # the address of a socket is short
            with socket.socket(socket.AF_UNIX) as opened:
                opened.bind(path.name)
            os.chdir(here)
        case "link to a device":
            path.symlink_to("/dev/zero")


@pytest.fixture
def bounded() -> Iterator[None]:
    """What has no end takes 3 GB more here, and not all that the machine has."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + (3 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("kind", ["pipe", "link to a device", "socket"])
@pytest.mark.parametrize("words", READ)
def test_what_is_no_regular_file_is_refused_and_not_waited_for(
    words: str, kind: str, place: Path, tmp_path: Path, bounded: None
) -> None:
    bad = tmp_path / "bad"
    lay(kind, bad)
    (tmp_path / "folder").mkdir()
    lay(kind, tmp_path / "folder" / "rule.yaml")
    (tmp_path / "anchor.yaml").write_text(POLICY.replace("KEY", "bad"))
    for name in ("folder", "anchor.yaml"):
        words = words.replace(name, str(tmp_path / name))
    words = words.replace("new.mlsnap", str(tmp_path / "new.mlsnap"))
    ended = run_here(*words.replace("BAD", str(bad)).split(), cwd=place)
    assert ended.code == 2, (ended.code, ended.err)
    assert "Traceback" not in ended.err
    assert ended.errors
    assert str(tmp_path) in ended.err


@pytest.mark.parametrize("kind", ["pipe", "socket"])
@pytest.mark.parametrize("words", WRITTEN)
def test_what_is_no_regular_file_is_not_replaced(
    words: str, kind: str, place: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    lay(kind, bad)
    before = bad.stat()
    check_refused(run_here(*words.replace("BAD", str(bad)).split(), cwd=place), str(bad))
    assert (bad.stat().st_mode, bad.stat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.parametrize("words", ["collect code -o BAD", "sign model --key ec.pem -o BAD"])
@pytest.mark.parametrize("bad", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/new"])
def test_nothing_is_put_among_the_devices(words: str, bad: str, place: Path) -> None:
    check_refused(run(*words.replace("BAD", bad).split(), cwd=place), "the system's own")
    assert not Path("/dev/new").exists()
    assert Path("/dev/stdout").is_symlink()


@pytest.mark.parametrize("name", ["shared", "ordinary"])
def test_a_regular_file_is_still_replaced(name: str, place: Path, tmp_path: Path) -> None:
    folder = Path("/dev/shm") if name == "shared" else tmp_path
    output = folder / f"mlsec-test-{os.getpid()}.sig"
    output.write_bytes(b"an older one")
    try:
        assert run_here("sign", "model", "--key", "ec.pem", "-o", output, cwd=place).code == 0
        assert output.read_bytes().startswith(b"{")
    finally:
        output.unlink()


def test_a_link_to_settings_is_still_followed(place: Path, tmp_path: Path) -> None:
    (tmp_path / "waivers.yaml").symlink_to(place / "waivers.yaml")
    words = ("scan", "code", "--waivers", tmp_path / "waivers.yaml", *EASY)
    assert run_here(*words, cwd=place).code == 0


@pytest.mark.parametrize("words", [
    "sign model -o SIG --key <(cat ec.pem)", "verify model --trust <(cat trust.yaml)",
    "sign model -o SIG --key /dev/stdin < <(cat ec.pem)", "report <(cat out/assessment.json)",
    "diff <(cat out/assessment.json) <(sleep 0.3; cat out/assessment.json)",
])  # fmt: skip
def test_a_pipe_of_the_shell_is_read_to_its_end(words: str, place: Path, tmp_path: Path) -> None:
    if words.startswith("verify"):  # relative names in it go by the folder that it lies in
        key = place / "ec.pub"
        words = words.replace("cat trust.yaml", f"sed s#ec.pub#{key}# trust.yaml")
    line = words.replace("SIG", str(tmp_path / "new.sig"))
    ended = run(cwd=place, before=f'"$@" {line}; exit $?')
    assert ended.code == 0, ended.err


def test_special_files_in_a_scanned_folder_are_listed_and_not_opened(tmp_path: Path) -> None:
    folder = repository(tmp_path / "code")
    for kind in ("pipe", "socket"):
        lay(kind, folder / f"{kind}.pkl")
    lay("link to a device", folder / "zero.safetensors")
    ended = run("scan", "code", cwd=tmp_path, before="ulimit -v 4000000")
    assert ended.code in (10, 11), ended.err


@pytest.mark.parametrize("kind", ["pipe", "socket", "link to a device"])
def test_a_special_file_is_no_target(kind: str, tmp_path: Path) -> None:
    lay(kind, tmp_path / "bad")
    ended = run("scan", "bad", cwd=tmp_path, before="ulimit -v 4000000")
    assert ended.code in (2, 11), ended.err
    assert "crashed" not in ended.err


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
def test_credentials_are_not_read_from_a_pipe(variable: str, tmp_path: Path) -> None:
    lay("pipe", tmp_path / "bad")
    ended = run("scan", "aws", cwd=tmp_path, **{variable: str(tmp_path / "bad")})
    check_refused(ended, "named pipe")
    (tmp_path / "empty").write_text("")
    nobody = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    ended = run("scan", "aws", cwd=tmp_path, **nobody, **{variable: str(tmp_path / "empty")})
    assert "named pipe" not in ended.err

"""Every argument of every command: missing, empty, unreadable; an absence is never a success."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from mlsec.cli.main import main
from mlsec.cli.parser import build_parser, commands_of, walk
from mlsec.cli.values import history_place
from tests.cli.rights import modes_count

DEMO = Path(__file__).resolve().parents[2] / "fixtures" / "demo"
STATES = ("missing", "empty file", "empty folder", "loop", "closed file", "closed folder")
POLICY = """\
version: 1
anchors: {release: {type: key, pem: key.pub}}
models: [{match: {path: "**"}, require: {signers: [{anchor: release}]}}]
"""


class Row(msgspec.Struct, frozen=True):
    """A command line with BAD in place of one argument; ``ends`` are the exit codes but 2."""

    line: str
    ends: Mapping[str, int] = {}


NEW_FOLDER = {"missing": 0, "empty folder": 0}
NEW_FILE = {"missing": 0, "empty file": 0, "loop": 0, "closed file": 0}
# Nothing to assess is incomplete, and a model without a signature is not verified.
SCANNED = dict.fromkeys(("empty file", "empty folder", "closed file", "closed folder"), 11)
UNSIGNED = dict.fromkeys(("empty file", "empty folder", "closed file"), 10)
EXPLAIN = "rules explain sagemaker/notebook-direct-internet"
ROWS = {
    "scan TARGET": Row("scan BAD", SCANNED),
    "scan --evidence": Row("scan --evidence BAD"),
    "scan --output": Row("scan code -o BAD --min-coverage 0", NEW_FOLDER),
    "scan --history": Row("scan code --history BAD", {"missing": 0}),
    "scan --rules": Row("scan code --rules BAD"),
    "scan --params": Row("scan code --params BAD"),
    "scan --waivers": Row("scan code --waivers BAD"),
    "scan --baseline": Row("scan code --baseline BAD"),
    "scan --trust": Row("scan code --trust BAD"),
    "scan --checkov": Row("scan code --with checkov --checkov BAD"),
    "scan --checkov-json": Row("scan code --checkov-json BAD"),
    "collect TARGET": Row("collect BAD -o new.mlsnap", SCANNED),
    "collect --output": Row("collect code -o BAD", NEW_FILE),
    "collect --sign-key": Row("collect code -o new.mlsnap --sign-key BAD"),
    "collect --trust": Row("collect code -o new.mlsnap --trust BAD"),
    "collect --checkov": Row("collect code -o new.mlsnap --with checkov --checkov BAD"),
    "collect --checkov-json": Row("collect code -o new.mlsnap --checkov-json BAD"),
    "report ASSESSMENT": Row("report BAD"),
    "report --output": Row("report out -o BAD", NEW_FOLDER),
    "report verify ASSESSMENT": Row("report verify BAD"),
    "report verify --evidence": Row("report verify out --evidence BAD"),
    "report verify --key": Row("report verify out --key BAD"),
    "report verify --timestamp-root": Row("report verify out --key key.pub --timestamp-root BAD"),
    "report verify --rules": Row("report verify out --rules BAD"),
    "report verify --waivers": Row("report verify out --waivers BAD"),
    "report verify --baseline": Row("report verify out --baseline BAD"),
    "report sign ASSESSMENT": Row("report sign BAD --key ed.pem"),
    "report sign --key": Row("report sign out --key BAD"),
    "diff OLD": Row("diff BAD out"),
    "diff NEW": Row("diff out BAD"),
    "history FILE": Row("history BAD"),
    "history --output": Row("history past.db -o BAD", NEW_FILE),
    "snapshot show SNAPSHOT": Row("snapshot show BAD"),
    "snapshot verify SNAPSHOT": Row("snapshot verify BAD"),
    "snapshot verify --key": Row("snapshot verify out/evidence.mlsnap --key BAD"),
    "snapshot verify --timestamp-root": Row(
        "snapshot verify out/evidence.mlsnap --key key.pub --timestamp-root BAD"
    ),
    "snapshot sign SNAPSHOT": Row("snapshot sign BAD --key ed.pem"),
    "snapshot sign --key": Row("snapshot sign out/evidence.mlsnap --key BAD"),
    "snapshot export SNAPSHOT": Row("snapshot export BAD -o new"),
    "snapshot export --output": Row("snapshot export out/evidence.mlsnap -o BAD", NEW_FOLDER),
    "snapshot import DIR": Row("snapshot import BAD -o new.mlsnap"),
    "snapshot import --output": Row("snapshot import twin -o BAD", NEW_FILE),
    "serve HISTORY": Row("serve BAD"),
    "serve --report": Row("serve past.db --report BAD"),
    "replay SNAPSHOT": Row("replay BAD"),
    "verify MODEL": Row("verify BAD --trust trust.yaml", UNSIGNED),
    "verify --trust": Row("verify model --trust BAD"),
    "verify --signature": Row("verify model --trust trust.yaml --signature BAD", {
        "empty file": 10,
    }),
    "sign MODEL": Row("sign BAD --key ec.pem"),
    "sign --key": Row("sign model --key BAD"),
    "sign --certificate": Row("sign model --key ec.pem --certificate BAD"),
    "sign --chain": Row("sign model --key ec.pem --certificate cert.pem --chain BAD"),
    "sign --output": Row("sign model --key ec.pem -o BAD", NEW_FILE),
    "doctor TARGET": Row("doctor BAD"),
    "doctor --output": Row("doctor --policy aws -o BAD", NEW_FOLDER),
    "completion SHELL": Row("completion BAD"),
    "rules list GLOB": Row("rules list BAD"),
    "rules list --rules": Row("rules list --rules BAD"),
    "rules show ID": Row("rules show BAD"),
    "rules show --rules": Row("rules show sagemaker/notebook-direct-internet --rules BAD"),
    "rules test GLOB": Row("rules test --no-mutants BAD"),
    "rules test --rules": Row("rules test --no-mutants --rules BAD"),
    "rules new ID": Row("rules new BAD --resource aws.sagemaker.notebook --rules own"),
    "rules new --rules": Row("rules new own/x --resource aws.sagemaker.notebook --rules BAD", {
        "empty folder": 0,
    }),
    "rules index --rules": Row("rules index --rules BAD"),
    "rules techniques GLOB": Row("rules techniques BAD"),
    "rules vocabulary TYPE": Row("rules vocabulary BAD"),
    "rules explain ID": Row("rules explain BAD fail:0"),
    "rules explain EXAMPLE|RESOURCE": Row(f"{EXPLAIN} BAD"),
    "rules explain --assessment": Row(f"{EXPLAIN} fail:0 --assessment BAD"),
    "rules explain --rules": Row(f"{EXPLAIN} fail:0 --rules BAD"),
    "fleet init CONFIG": Row("fleet init BAD"),
    "fleet plan CONFIG": Row("fleet plan BAD"),
    "fleet run CONFIG": Row("fleet run BAD"),
    "fleet gc CONFIG": Row("fleet gc BAD"),
    "fleet unit UNIT": Row("fleet unit BAD 1"),
    "fleet unit ATTEMPT": Row("fleet unit 1 BAD"),
}  # fmt: skip
# Commands that read nothing that a user names.
WITHOUT_ARGUMENTS = {
    "init", "fleet worker", "fleet status", "fleet retry", "fleet cancel", "fleet judge",
}  # fmt: skip


def arguments() -> Iterator[str]:
    """Name every positional argument and every option with a path, of every command."""
    for parser in walk(build_parser()):
        if commands_of(parser) is not None:
            continue
        command = parser.prog.removeprefix("mlsec ")
        for action in parser._actions:
            if not action.option_strings:
                yield f"{command} {action.metavar}"
            elif action.type in (Path, history_place):
                yield f"{command} {_long(action)}"


def _long(action: argparse.Action) -> str:
    return next(name for name in action.option_strings if name.startswith("--"))


def test_every_argument_of_every_command_has_a_row() -> None:
    assert {*arguments()} == {*ROWS}
    every = {p.prog.removeprefix("mlsec ") for p in walk(build_parser()) if not commands_of(p)}
    with_rows = {command for command in every if any(row.startswith(command) for row in ROWS)}
    assert every - with_rows == WITHOUT_ARGUMENTS


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good example of everything that a command takes."""
    folder = tmp_path_factory.mktemp("sound")
    for name in ("code", "own", "model"):
        (folder / name).mkdir()
    (folder / "code" / "main.tf").write_text('resource "aws_s3_bucket" "models" {}\n')
    (folder / "model" / "weights.gguf").write_bytes(b"GGUF")
    (folder / "trust.yaml").write_text(POLICY)
    signing, sealing = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    for name, key in (("ec.pem", signing), ("ed.pem", sealing)):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / name).write_bytes(pem)
    public = signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "key.pub").write_bytes(public)
    (folder / "cert.pem").write_bytes(certificate(signing))
    shutil.copytree(DEMO, folder / "twin")
    out, evidence = folder / "out", folder / "out" / "evidence.mlsnap"
    assert main(["snapshot", "import", str(DEMO), "-o", str(evidence)]) == 0
    past = ["--history", str(folder / "past.db")]
    assert main(["scan", str(evidence), "-o", str(out), "--fail-on", "none", *past]) == 11
    assert main(["snapshot", "sign", str(evidence), "--key", str(folder / "ed.pem")]) == 0
    return folder


def certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


@pytest.fixture
def place(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(shutil.copytree(sound, tmp_path / "place"))
    monkeypatch.chdir(folder)
    yield folder
    if (folder / "bad").is_dir():
        (folder / "bad").chmod(0o700)


def put(state: str) -> None:
    """Make the argument "bad" in the current folder what a state says."""
    bad = Path("bad")
    match state:
        case "empty file" | "closed file":
            bad.touch()
        case "empty folder" | "closed folder":
            bad.mkdir()
        case "loop":
            bad.symlink_to(bad)
    if state == "closed file":
        bad.write_text("x")
    if state.startswith("closed"):
        bad.chmod(0)


def contents(folder: Path) -> dict[str, str]:
    """Digest all files of a folder, hidden ones too; links and closed ones by name only."""
    digests = {}
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            can_be_read = path.is_file() and path.stat().st_mode & 0o400
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if can_be_read else ""
            digests[str(path)] = digest
    return digests


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", ROWS)
def test_bad_argument_is_one_sentence_and_the_right_exit_code(
    row: str, state: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(state)
    before = contents(place)
    words = [word.replace("BAD", "bad") for word in ROWS[row].line.split()]
    with modes_count() if state.startswith("closed") else nullcontext():
        code = main(words)
    written = capsys.readouterr()
    assert code == ROWS[row].ends.get(state, 2), written.err
    assert "Traceback" not in written.err
    if code == 2:
        errors = [line for line in written.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, written.err
        assert "bad" in errors[0] or f"mlsec {row.rpartition(' ')[0]}" in errors[0]
        assert written.out == ""
        assert contents(place) == before

"""Whoever names a file chooses bytes that are no text, or that change the text around them.

They commit a model whose name is not UTF-8, or holds line breaks, escapes of a terminal, marks that
turn the direction of writing. What they gain: a traceback instead of a verdict (``verify -f json``
crashed), a document that its readers refuse, a line in a report that says something else.
"""

# Names are bytes here, for which there is no Path.
# ruff: noqa: PTH103, PTH118, PTH211

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from urllib.parse import unquote_to_bytes

import openpyxl
import pytest

from mlsec.cli.main import main
from mlsec.core.sanitize import name_bytes, plain_name
from mlsec.render import FORMATS
from tests.attacks.limited import run_here
from tests.signing.workshop import RELEASE, Workshop, private_pem

NAMES = {
    "latin-1": b"caf\xe9",
    "no text": b"\xff\xfe",
    "encoded surrogate": b"a\xed\xa0\x80b",
    "line break": b"a\nfail[x] b",
    "carriage return": b"a\rb",
    "escape": b"a\x1b[2Kb",
    "C1": "a\x9b2Kb".encode(),
    "bidi": "a\u202eb".encode(),
    "isolate": "a\u2066b".encode(),
    "markup": b"<b>'\"&`|",
    "plain": "größe ☃".encode(),
}
_JSON = ("json", "sarif", "sarif-full", "cyclonedx", "oscal", "gitlab", "gitlab-sast",
         "ocsf", "asff", "issues")  # fmt: skip
_POLICY = (
    "version: 1\nanchors: {release: {type: key, pem: release.pub}}\n"
    'models: [{match: {path: "**"}, require: {signers: [{anchor: release}]}}]\n'
)
_DOCKERFILE = "FROM vllm/vllm-openai:latest\nUSER root\n"

named = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bad_texts(value: object) -> list[str]:
    """Every text of a document that holds what none may."""
    if isinstance(value, str):
        return (
            [value]
            if plain_name(value.replace("\n", " ").replace("\t", " "))
            != value.replace("\n", " ").replace("\t", " ")
            else []
        )
    if isinstance(value, dict):
        return [bad for pair in value.items() for part in pair for bad in bad_texts(part)]
    if isinstance(value, list):
        return [bad for part in value for bad in bad_texts(part)]
    return []


def text_of(payload: bytes) -> bytes:
    """The bytes themselves; of a workbook, what its cells hold."""
    if not payload.startswith(b"PK"):
        return payload
    book = openpyxl.load_workbook(io.BytesIO(payload))
    cells = [cell.value for sheet in book for row in sheet for cell in row]
    return "\n".join(map(str, cells)).encode()


def check(payload: bytes, what: str) -> str:
    """A document is UTF-8, shows no control or bidi characters, and if JSON holds none either."""
    text = payload.decode("utf-8")
    assert bad_texts(text) == [], what
    if text.startswith(("{", "[")):
        assert bad_texts(json.loads(text)) == [], what
    return text


def repository(place: Path, name: bytes) -> bytes:
    root = os.path.join(os.fsencode(place), b"repo", name)
    os.makedirs(root)
    files = {
        b".pkl": b"cos\nsystem\n(S'id'\ntR.", b".Dockerfile": _DOCKERFILE.encode(),
        b".safetensors": b"broken", b".tf": b"resource {\n",
    }  # fmt: skip
    for ending, body in files.items():
        Path(os.fsdecode(os.path.join(root, name + ending))).write_bytes(body)
    os.symlink(b"nowhere" + name, os.path.join(root, b"link" + name))
    os.mkfifo(os.path.join(root, b"pipe" + name))
    return root


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a scan of all names at once left, in every format."""
    place = tmp_path_factory.mktemp("named")
    for name in NAMES.values():
        repository(place, name)
    words = ("scan", place / "repo", "-o", place / "out", "-f", ",".join(FORMATS))
    assert run_here(*words, "--history", place / "history", cwd=place).code == 10
    return place


def test_every_format_of_a_scan_can_be_read(scanned: Path) -> None:
    written = [path for path in (scanned / "out").iterdir() if path.suffix != ".mlsnap"]
    assert len(written) >= len(FORMATS)
    for path in written:
        check(text_of(path.read_bytes()), path.name)
    for word in FORMATS:
        ended = run_here("report", scanned / "out", "-f", word, cwd=scanned)
        assert ended.code == 0
        check(text_of(ended.out), word)
    # Each of the names was read, and is told as it is shown.
    told = (scanned / "out" / "assessment.json").read_text("utf-8")
    shown = [plain_name(os.fsdecode(os.path.join(n, n + b".Dockerfile"))) for n in NAMES.values()]
    assert [name for name in shown if json.dumps(name, ensure_ascii=False)[1:-1] not in told] == []


@named
def test_every_command_can_be_read_whatever_its_files_are_named(
    name: bytes, scanned: Path, place: Path
) -> None:
    out, history = os.fsdecode(b"out " + name), os.fsdecode(b"history " + name)
    shutil.copytree(scanned / "out", place / out)
    shutil.copy(scanned / "history", place / history)
    evidence = os.path.join(out, "evidence.mlsnap")
    for words in (
        ["report", "verify", out], ["diff", out, out], ["history", history, "--open"],
        ["snapshot", "show", evidence], ["snapshot", "verify", evidence],
        ["snapshot", "export", evidence, "-o", out + "x"],
        ["snapshot", "import", out + "x", "-o", out + "y.mlsnap"],
    ):  # fmt: skip
        ended = run_here(*words, cwd=place)
        assert ended.code in (0, 10, 11), words
        check(ended.out + ended.err.encode(), " ".join(words[:2]))


@named
def test_every_format_of_a_verification_can_be_read(
    name: bytes, place: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    Workshop(place)
    key, policy, signature = (os.fsdecode(word + name) for word in (b"key", b"trust", b"sig"))
    Path(key).write_bytes(private_pem(RELEASE))
    Path(policy).write_text(_POLICY)
    # What is signed names the model too: with one that is no text there is nothing to sign.
    is_text = os.fsdecode(name).isprintable() or os.fsdecode(name).encode(errors="ignore") == name
    model = os.fsdecode(b"model " + name) if is_text else "no text"
    shutil.copytree("model", model)
    assert main(["sign", model, "--key", key, "-o", signature]) == 0
    assert capfdbinary.readouterr().out == os.fsencode(signature) + b"\n"
    # What cannot be written into the signed document is refused with a word.
    if plain_name(os.fsdecode(name)) != os.fsdecode(name):
        inside = os.path.join(model, os.fsdecode(name + b".sig"))
        assert main(["sign", model, "--key", key, "-o", inside]) == 2
        assert b"rename it" in capfdbinary.readouterr().err
        assert main(["sign", model, "--key", key, "--ignore", os.fsdecode(name)]) == 2
        assert len(capfdbinary.readouterr().err.splitlines()) <= 2
    words = ["verify", model, "--trust", policy, "--signature", signature]
    assert main(words) == 0
    extra = os.path.join(os.fsencode(model), name + b".pkl")
    Path(os.fsdecode(extra)).write_bytes(b"unsigned")
    for word in ("text", "json", "sarif"):
        assert main([*words, "-f", word]) == 10, word
        text = check(capfdbinary.readouterr().out, word)
        if word == "json":
            files = {item["file"] for item in _checks(json.loads(text))}
            assert plain_name(os.fsdecode(name + b".pkl")) in files
        if word == "sarif":
            assert os.fsencode(place) + b"/" not in unquote_to_bytes(text.replace("%SRCROOT%", ""))
            assert extra in {_uri(item) for item in json.loads(text)["runs"][0]["results"]}


def _checks(verdict: dict[str, object]) -> list[dict[str, str]]:
    signatures = verdict["signatures"]
    assert isinstance(signatures, list)
    own = verdict["checks"]
    assert isinstance(own, list)
    return [*own, *(item for signature in signatures for item in signature["checks"])]


def _uri(result: dict[str, object]) -> bytes:
    locations = result["locations"]
    assert isinstance(locations, list)
    return unquote_to_bytes(locations[0]["physicalLocation"]["artifactLocation"]["uri"])


def test_place_in_sarif_is_the_file_byte_for_byte(scanned: Path) -> None:
    runs = json.loads((scanned / "out" / "results.sarif").read_bytes())["runs"]
    places = {_uri(item) for run in runs for item in run["results"]}
    assert {os.path.join(name, name + b".Dockerfile") for name in NAMES.values()} <= places


def test_rules_that_lie_in_such_folders_are_read(
    place: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    shipped = Path(__file__).resolve().parents[2] / "rules/aws/s3/bucket-policy-public.yaml"
    text = shipped.read_text()
    rules, made = [], {}
    for number, name in enumerate(NAMES.values()):
        folder = Path(os.fsdecode(b"rules " + name)) / "s3"
        folder.mkdir(parents=True)
        made[f"s3/thing{number}-public"] = folder
        body = text.replace("id: s3/bucket-policy-public", f"id: s3/thing{number}-public")
        (folder / f"thing{number}-public.yaml").write_text(body)
        rules += ["--rules", str(folder.parent)]
    assert main(["rules", "list", *rules]) == 0
    listed = check(capfdbinary.readouterr().out, "list")
    assert [rule for rule in made if rule not in listed] == []
    for rule in made:
        assert main(["rules", "show", rule, *rules]) == 0
        assert rule in check(capfdbinary.readouterr().out, "show")
    assert main(["rules", "test", "s3/thing*-public", *rules]) == 0
    said = check(capfdbinary.readouterr().out, "test")
    assert str(len(NAMES)) in said
    for name, folder in zip(NAMES.values(), made.values(), strict=True):
        (folder / os.fsdecode(name + b".yaml")).write_text(text)
    assert main(["rules", "list", *rules]) == 2
    said = capfdbinary.readouterr().err
    assert said.count(b"the id must be") == len(NAMES)
    check(said, "list")


@named
def test_name_is_its_bytes_again(name: bytes) -> None:
    assert name_bytes(plain_name(os.fsdecode(name))) == name
    assert bad_texts(plain_name(os.fsdecode(name))) == []


def test_name_that_only_looks_like_an_escape_is_kept() -> None:
    assert name_bytes("a\\u0041\\u00e9\\n") == b"a\\u0041\\u00e9\\n"

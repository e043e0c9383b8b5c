"""How bad each thing is: by what it does to whoever loads the file."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders.payloads import GOOD_PICKLE
from tests.artifacts.builders.zips import forty_two, single

WORDS = "\n".join(f"{'a' * 40}{n // 50:07}" for n in range(300_000)).encode()


def worst(name: str, data: bytes) -> Severity:
    facts = inspect(Window.of(data, name)).facts
    return min((f.danger for f in facts), key=lambda danger: danger.rank, default=Severity.INFO)


def test_a_dictionary_that_packs_well_is_no_bomb() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vocabulary.txt", WORDS)
        archive.writestr("m.pkl", GOOD_PICKLE)
    for name, data in (("m.zip", body.getvalue()), ("words.gz", gzip.compress(WORDS))):
        assert worst(name, data).rank >= Severity.LOW.rank


def test_as_much_in_archives_of_archives_is_one() -> None:
    assert worst("m.zip", forty_two()) is Severity.HIGH


def test_a_program_before_an_archive_is_high() -> None:
    program = b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0" + bytes(300)
    assert worst("m.pt", program + single(b"m.pkl", GOOD_PICKLE)) is Severity.HIGH


def test_an_item_of_a_package_outside_of_it_is_high() -> None:
    items = {"1": {"author": "com.apple.CoreML", "name": "model", "path": "../../other/model"}}
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": items, "rootModelIdentifier": "1"}
    assert worst("Manifest.json", json.dumps(manifest).encode()) is Severity.HIGH
    items["1"]["path"] = "com.apple.CoreML/model.mlmodel"
    assert worst("Manifest.json", json.dumps(manifest).encode()) is Severity.INFO


def test_a_library_that_a_list_of_plugins_names_is_high() -> None:
    listed = "<ie><plugins><plugin name='CPU' location='{}'></plugin></plugins></ie>"
    assert worst("plugins.xml", listed.format("/tmp/own.so").encode()) is Severity.HIGH
    own = listed.format("libopenvino_intel_cpu_plugin.so").encode()
    assert worst("plugins.xml", own) is Severity.INFO
    seen = inspect(Window.of(json.dumps({"custom_ops_library": "own.so"}).encode(), "c.json"))
    assert [fact.danger for fact in seen.facts if fact.kind is FactKind.CUSTOM_CODE] == [
        Severity.HIGH
    ]

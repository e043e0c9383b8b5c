"""A target for each registered reader of model files, and one for the choice between them."""

from __future__ import annotations

import random
import zlib
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath

import msgspec

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.inspect.inspect import descend, inspect
from mlsec.artifacts.inspect.readers import READERS, SNIFF_BYTES, Reader
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.recorder import Ledger, Recorder
from tests.fuzz.containers import (
    mutate_numpy,
    mutate_packed,
    mutate_safetensors,
    mutate_seven_zip,
    mutate_tar,
    mutate_zip,
)
from tests.fuzz.documents import mutate_document, mutate_held_document
from tests.fuzz.pieces import mutate_pickle, mutate_text
from tests.fuzz.samples import named_samples
from tests.fuzz.target import Mutate, Target, Words
from tests.fuzz.trees import mutate_message

MOST_SEEDS = 200
# Small, so that running into them is part of the play.
LIMITS = Limits(inflated_bytes=4 << 20, held_bytes=1 << 18, members=200, cpu_s=20, facts=300)


# Where the name of a file decides: one under which the reader takes what it reads.
NAMES = {
    "sniff_shard": "variables.data-00000-of-00001",
    "sniff_fingerprint": "fingerprint.pb",
    "sniff_named_keras": "keras_metadata.pb",
    "sniff_named_saved_model": "saved_model.pb",
    "sniff_prototxt": "net.prototxt",
    "sniff_named_onnx": "model.onnx",
    "sniff_named_graph": "graph.pb",
    "sniff_raw_array": "model.pkl_01.npy.z",
    "sniff_triton": "config.pbtxt",
    "sniff_start_file": "a.pth",
    "sniff_properties": "config.properties",
    "sniff_paddle": "net.pdmodel",
    "sniff_requirements": "requirements.txt",
    "sniff_python": "own.py",
    "sniff_template": "chat_template.jinja",
}
# Names on which more depends than which reader it is; the bytes decide which one a file has.
TELLING_NAMES = (
    "",
    *NAMES.values(),
    *("MLproject", "MLmodel", "config.yaml", "tokenizer_config.json", "model.index", "run.sh"),
    *("deploy.xml", "m.prototxt", "graph.pbtxt", "conftest.py", "a.keras", "m.pt", "m.npy.z"),
)
MUTATES: dict[str, Mutate] = {
    "sniff_zip": mutate_zip,
    "sniff_tar": mutate_tar,
    "sniff_seven_zip": mutate_seven_zip,
    "sniff_compressed": mutate_packed,
    "sniff_numpy": mutate_numpy,
    "sniff_safetensors": mutate_safetensors,
    "sniff_pickle": mutate_pickle,
    "sniff_json": mutate_document,
    "sniff_named_keras": mutate_held_document,
    "sniff_xgboost_text": mutate_document,
    **dict.fromkeys(
        """sniff_onnx sniff_tensor sniff_saved_model sniff_meta_graph sniff_graph_def
        sniff_fingerprint sniff_named_saved_model sniff_named_onnx
        sniff_named_graph sniff_core_ml sniff_paddle sniff_sentencepiece""".split(),  # noqa: SIM905
        mutate_message,
    ),
    **dict.fromkeys(
        """sniff_prototxt sniff_text_format sniff_triton sniff_start_file sniff_properties
        sniff_pmml sniff_openvino sniff_xml sniff_card sniff_python sniff_template
        sniff_requirements sniff_yaml sniff_text sniff_lightgbm sniff_pdf""".split(),  # noqa: SIM905
        mutate_text,
    ),
}


def _read(reader: Reader, data: bytes) -> None:
    """Read by this one reader what it recognises; only a mistake of ours can raise."""
    window = Window.of(data, NAMES.get(reader.sniff.__name__, ""))
    if not is_known(reader, data):
        return
    # What these say becomes a gap in the file's account.
    with suppress(ArtifactError, MemoryError, RecursionError):
        reader.read(window, Recorder(Budget(LIMITS), Ledger(), descend))


def _read_any(data: bytes) -> None:
    name = TELLING_NAMES[zlib.crc32(data) % len(TELLING_NAMES)]
    msgspec.msgpack.encode(inspect(Window.of(data, name), LIMITS))


def _seeds(reader: Reader) -> list[bytes]:
    """The samples that it recognises; where its name decides, those that have such a name."""
    known = [(name, data) for name, data in named_samples() if is_known(reader, data)]
    ending = PurePosixPath(NAMES.get(reader.sniff.__name__, "")).suffix
    named = [data for name, data in known if ending and PurePosixPath(name).suffix == ending]
    found = named or [data for _, data in known]
    return found[:: -(-len(found) // MOST_SEEDS) or 1]


def is_known(reader: Reader, data: bytes) -> bool:
    """Whether the reader recognises the bytes, under the name that the target gives them."""
    window = Window.of(data, NAMES.get(reader.sniff.__name__, ""))
    try:
        return bool(data) and reader.sniff(data[:SNIFF_BYTES], window)
    except ArtifactError:
        return False


def named(reader: Reader) -> str:
    """The name of a reader's target."""
    return "reader-" + reader.sniff.__name__.removeprefix("sniff_").replace("_", "-")


def _target(reader: Reader) -> Target:
    return Target(
        name=named(reader),
        read=partial(_read, reader),
        seeds=partial(_seeds, reader),
        mutate=MUTATES.get(reader.sniff.__name__),
    )


def mutate_any(data: bytes, source: random.Random, words: Words) -> bytes | None:
    """Change a file as one of its readers would have it changed."""
    kinds = [
        MUTATES[one.sniff.__name__]
        for one in READERS
        if one.sniff.__name__ in MUTATES and is_known(one, data)
    ]
    return source.choice(kinds)(data, source, words) if kinds else None


TARGETS: dict[str, Target] = {
    **{named(one): _target(one) for one in READERS},
    "any-file": Target(
        name="any-file",
        read=_read_any,
        seeds=lambda: (data for _, data in named_samples()),
        mutate=mutate_any,
    ),
}

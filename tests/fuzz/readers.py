"""A target for each registered reader of model files, and one for the choice between them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.inspect import descend, inspect
from mlsec.artifacts.limits import Budget, Limits
from mlsec.artifacts.readers import READERS, SNIFF_BYTES, Reader
from mlsec.artifacts.recorder import Ledger, Recorder
from mlsec.artifacts.window import Window
from tests.artifacts.mutations import small_samples
from tests.fuzz.target import Target

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
}
# For what the samples have only under its name in a folder.
MORE = (
    b'name: "m"\nbackend: "python"\nmax_batch_size: 8\ninstance_group [{ kind: KIND_CPU }]\n',
    b"import os; os.getcwd()\n",
    b"inference_address=http://0.0.0.0:8080\nload_models=all\nmodel_store=/models\n",
    b"\x08\x01\x10\x02\x18\x03",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n",
    b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x08\n\x01a\x15\0\0\x80\xbf\x12\x08\x1a\x06my.txt",
    b"\x78\x9c\x63\x60\x60\x60\0\0\0\x04\0\x01",
)


def _read(reader: Reader, data: bytes) -> None:
    """Read by this one reader what it recognises; only a mistake of ours can raise."""
    window = Window.of(data, NAMES.get(reader.sniff.__name__, ""))
    # What these say becomes a hole in the file's account.
    with suppress(ArtifactError, MemoryError, RecursionError):
        if window.size_bytes and reader.sniff(window.read(0, SNIFF_BYTES), window):
            reader.read(window, Recorder(Budget(LIMITS), Ledger(), descend))


def _seeds(reader: Reader) -> Iterable[bytes]:
    """The samples that it recognises, or some of the others where it knows none."""
    samples = list(small_samples().values())
    known = [data for data in (*MORE, *samples) if _is_known(reader, data)]
    return (known or samples)[:MOST_SEEDS]


def _is_known(reader: Reader, data: bytes) -> bool:
    window = Window.of(data, NAMES.get(reader.sniff.__name__, ""))
    try:
        return reader.sniff(data[:SNIFF_BYTES], window)
    except ArtifactError:
        return False


def _named(reader: Reader) -> str:
    return "reader-" + reader.sniff.__name__.removeprefix("sniff_").replace("_", "-")


TARGETS: dict[str, Target] = {
    **{
        _named(one): Target(name=_named(one), read=partial(_read, one), seeds=partial(_seeds, one))
        for one in READERS
    },
    "any-file": Target(
        name="any-file",
        read=lambda data: inspect(Window.of(data), LIMITS) and None,
        seeds=lambda: small_samples().values(),
    ),
}

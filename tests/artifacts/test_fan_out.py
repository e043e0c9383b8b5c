"""What names the same thing many times is followed once: no file may keep the reader busy."""

from __future__ import annotations

import hashlib
import json

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.core.enums import Severity
from tests.artifacts.builders.compressed_files import gz
from tests.artifacts.builders.oci_layouts import IMAGE_LAYER, MANIFEST, descriptor
from tests.artifacts.builders.onnx_models import graph, model
from tests.artifacts.builders.onnx_sizes import integers, wired
from tests.artifacts.builders.payloads import elf
from tests.artifacts.builders.tars import member, tar

LIMITS = Limits(cpu_s=20)
INDEX = "application/vnd.oci.image.index.v1+json"


def shape_of(*nodes: bytes, first: int) -> bytes:
    """A model that makes a value of the shape ``s``, which comes of ``s0`` by the nodes."""
    made = wired("ConstantOfShape", "s", "y")
    return model(graph(*nodes, made, tensors=(integers("s0", first),)))


def test_a_shape_that_is_joined_of_itself_again_and_again_is_worked_out_once() -> None:
    nodes = [wired("Concat", ",".join([f"s{at}"] * 8), f"s{at + 1}") for at in range(15)]
    found = inspect(Window.of(shape_of(*nodes, wired("Identity", "s15", "s"), first=2)), LIMITS)
    assert [fact.kind for fact in found.facts] == [FactKind.BOMB]


def test_a_shape_behind_many_nodes_is_found() -> None:
    nodes = [wired("Identity", f"s{at}", f"s{at + 1}") for at in range(300)]
    found = inspect(Window.of(shape_of(*nodes, wired("Cast", "s300", "s"), first=1 << 45)), LIMITS)
    assert [fact.kind for fact in found.facts] == [FactKind.BOMB]


def test_a_shape_that_is_made_of_itself_is_none() -> None:
    nodes = [wired("Mul", "s,s0", "t"), wired("Mul", "t,s0", "s")]
    found = inspect(Window.of(shape_of(*nodes, first=1 << 45)), LIMITS)
    assert not found.facts


def blob(data: bytes) -> bytes:
    return member(f"blobs/sha256/{hashlib.sha256(data).hexdigest()}".encode(), data)


def test_indexes_that_name_one_another_many_times_are_read_once() -> None:
    layer = gz(tar(member(b"bin/tool", elf())))
    listed = json.dumps({"layers": [descriptor(IMAGE_LAYER, layer)]}).encode()
    blobs, kind = [blob(layer), blob(listed)], MANIFEST
    for _ in range(3):
        listed, kind = json.dumps({"manifests": [descriptor(kind, listed)] * 200}).encode(), INDEX
        blobs.append(blob(listed))
    index = json.dumps({"manifests": [descriptor(kind, listed)]}).encode()
    found = inspect(Window.of(tar(member(b"index.json", index), *blobs)), LIMITS)
    assert not found.gaps
    # Read as a layer of an image, where programs are what one expects.
    assert {fact.danger for fact in found.facts} == {Severity.INFO}

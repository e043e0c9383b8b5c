"""The tables of samples: every hostile and every honest file that the tests are able to build.

A module of builders ends with two tables, ``HOSTILE`` and ``BENIGN``: name -> function that
gives the bytes. Names start with the format (``zip/renamed-locally``). Every hostile sample must
be flagged (a fact of danger medium or more), every honest one must not; all of them are fuzzed
and read under an audit hook. To add a module, add it to ``MODULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.artifacts.builders import (
    carried,
    compressed_files,
    core_ml_models,
    documents,
    ggufs,
    hdf5_files,
    keras_configs,
    numpy_files,
    oci_layouts,
    old_archives,
    onnx_models,
    onnx_sizes,
    pickle_samples,
    pictures,
    r_objects,
    repository_files,
    safetensors_files,
    seven_zips,
    skops_files,
    tars,
    template_texts,
    tensor_bundles,
    tensorflow_graphs,
    tflites,
    torch_zips,
    tree_models,
    zips,
)

Build = Callable[[], bytes]

MODULES = (
    carried,
    zips,
    tars,
    torch_zips,
    oci_layouts,
    old_archives,
    seven_zips,
    compressed_files,
    core_ml_models,
    r_objects,
    documents,
    numpy_files,
    ggufs,
    hdf5_files,
    keras_configs,
    onnx_models,
    onnx_sizes,
    pickle_samples,
    pictures,
    repository_files,
    safetensors_files,
    skops_files,
    template_texts,
    tensor_bundles,
    tensorflow_graphs,
    tflites,
    tree_models,
)

HOSTILE: Mapping[str, Build] = {
    name: build for module in MODULES for name, build in module.HOSTILE.items()
}
BENIGN: Mapping[str, Build] = {
    name: build for module in MODULES for name, build in module.BENIGN.items()
}

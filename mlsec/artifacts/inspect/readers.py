"""The table of formats: how each is recognised by content, and what reads it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlsec.artifacts.archives.compressed import read_compressed, sniff_compressed
from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.containers.ar_cpio import read_ar, read_cpio, sniff_ar, sniff_cpio
from mlsec.artifacts.containers.seven_zip import read_seven_zip, sniff_seven_zip
from mlsec.artifacts.containers.tar_reader import read_tar, sniff_tar
from mlsec.artifacts.containers.zip_reader import read_zip, sniff_zip
from mlsec.artifacts.content.executable import read_executable, sniff_executable
from mlsec.artifacts.content.plain_text import sniff_text
from mlsec.artifacts.content.pointers import read_pointer, sniff_pointer
from mlsec.artifacts.dispatch.json_documents import read_json_document, sniff_json
from mlsec.artifacts.dispatch.named_protobuf import (
    read_named_graph,
    read_named_keras,
    read_named_onnx,
    read_named_saved_model,
    sniff_named_graph,
    sniff_named_keras,
    sniff_named_onnx,
    sniff_named_saved_model,
)
from mlsec.artifacts.dispatch.protobuf_formats import (
    sniff_graph_def,
    sniff_meta_graph,
    sniff_onnx,
    sniff_saved_model,
)
from mlsec.artifacts.dispatch.server_settings import (
    read_properties,
    read_triton,
    sniff_properties,
    sniff_triton,
)
from mlsec.artifacts.facts import Format
from mlsec.artifacts.formats.core_ml.core_ml import read_core_ml, sniff_core_ml
from mlsec.artifacts.formats.core_ml.weights import read_core_ml_weights, sniff_core_ml_weights
from mlsec.artifacts.formats.crfsuite import read_crfsuite, sniff_crfsuite
from mlsec.artifacts.formats.engines import (
    read_executorch,
    read_tensorrt,
    sniff_executorch,
    sniff_tensorrt,
)
from mlsec.artifacts.formats.gguf.gguf import read_gguf, sniff_gguf
from mlsec.artifacts.formats.hdf5.reader import read_hdf5, sniff_hdf5
from mlsec.artifacts.formats.images import read_image, sniff_image
from mlsec.artifacts.formats.numpy.reader import (
    read_numpy,
    read_raw_array,
    sniff_numpy,
    sniff_raw_array,
)
from mlsec.artifacts.formats.onnx.onnx import read_onnx
from mlsec.artifacts.formats.onnx.tensor import read_tensor, sniff_tensor
from mlsec.artifacts.formats.paddle import read_paddle, sniff_paddle
from mlsec.artifacts.formats.pdf import read_pdf, sniff_pdf
from mlsec.artifacts.formats.r.data import read_r, sniff_r
from mlsec.artifacts.formats.safetensors import read_safetensors, sniff_safetensors
from mlsec.artifacts.formats.sentencepiece import read_sentencepiece, sniff_sentencepiece
from mlsec.artifacts.formats.tensorflow.bundle import read_bundle, sniff_bundle
from mlsec.artifacts.formats.tensorflow.lite.model import read_tflite, sniff_tflite
from mlsec.artifacts.formats.tensorflow.shards import (
    read_fingerprint,
    read_shard,
    sniff_fingerprint,
    sniff_shard,
)
from mlsec.artifacts.formats.tensorflow.text_format import read_text_format, sniff_text_format
from mlsec.artifacts.formats.trees.catboost import read_catboost, sniff_catboost
from mlsec.artifacts.formats.trees.lightgbm import read_lightgbm, sniff_lightgbm
from mlsec.artifacts.formats.trees.xgboost import (
    read_xgboost,
    read_xgboost_text,
    sniff_xgboost,
    sniff_xgboost_text,
)
from mlsec.artifacts.pickle.files.sniff import sniff_pickle
from mlsec.artifacts.python.files import read_python, sniff_python
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.yaml_text import read_yaml, sniff_yaml
from mlsec.artifacts.text.foreign_text import read_foreign_text, sniff_prototxt
from mlsec.artifacts.text.start_files import read_start_file, sniff_start_file
from mlsec.artifacts.text.text_files import (
    read_card,
    read_requirements,
    read_template,
    sniff_card,
    sniff_requirements,
    sniff_template,
)
from mlsec.artifacts.text.xml_text import read_xml, sniff_openvino, sniff_pmml, sniff_xml

Sniff = Callable[[bytes, Window], bool]
Read = Callable[[Window, Recorder], None]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """One format: ``sniff`` looks at the first ``SNIFF_BYTES`` (and may read more), ``read`` reads.

    A reader notes what it finds in the recorder, calls ``understood`` for every byte range it
    accounts for, gives members to ``member``, and raises ArtifactError where the bytes are not
    what the format says; what it noted before stays. A ``weak`` reader goes by signs that other
    formats may show too (plain text): it is asked only where no other reader recognises the file,
    the first that does reads it, and it may take the window's name as a hint.
    """

    format: Format
    sniff: Sniff
    read: Read
    weak: bool = False


SNIFF_BYTES = 4096


# What loads much is loaded where a file needs it: most folders have few formats.
def _read_pickle(window: Window, record: Recorder) -> None:
    from mlsec.artifacts.embedded.pickle_literals import LiteralSearch  # noqa: PLC0415
    from mlsec.artifacts.pickle.files.readings import read_pickle  # noqa: PLC0415

    read_pickle(window, record, LiteralSearch)


def _read_saved_model(window: Window, record: Recorder) -> None:
    from mlsec.artifacts.formats.tensorflow.saved_model import read_saved_model  # noqa: PLC0415

    read_saved_model(window, record)


def _read_meta_graph(window: Window, record: Recorder) -> None:
    from mlsec.artifacts.formats.tensorflow.saved_model import read_meta_graph  # noqa: PLC0415

    read_meta_graph(window, record)


def _read_graph_def(window: Window, record: Recorder) -> None:
    from mlsec.artifacts.formats.tensorflow.saved_model import read_graph_def  # noqa: PLC0415

    read_graph_def(window, record)


# In the order they are asked; every reader that recognises the file reads it.
READERS: tuple[Reader, ...] = (
    # Containers.
    Reader(format=Format.ZIP, sniff=sniff_zip, read=read_zip),
    Reader(format=Format.TAR, sniff=sniff_tar, read=read_tar),
    Reader(format=Format.SEVEN_ZIP, sniff=sniff_seven_zip, read=read_seven_zip),
    Reader(format=Format.AR, sniff=sniff_ar, read=read_ar),
    Reader(format=Format.CPIO, sniff=sniff_cpio, read=read_cpio),
    Reader(format=Format.COMPRESSED, sniff=sniff_compressed, read=read_compressed),
    # Formats with a mark of their own.
    Reader(format=Format.NUMPY, sniff=sniff_numpy, read=read_numpy),
    Reader(format=Format.EXECUTABLE, sniff=sniff_executable, read=read_executable),
    Reader(format=Format.IMAGE, sniff=sniff_image, read=read_image),
    Reader(format=Format.PDF, sniff=sniff_pdf, read=read_pdf),
    Reader(format=Format.PICKLE, sniff=sniff_pickle, read=_read_pickle),
    Reader(format=Format.SAFETENSORS, sniff=sniff_safetensors, read=read_safetensors),
    Reader(format=Format.GGUF, sniff=sniff_gguf, read=read_gguf),
    Reader(format=Format.XGBOOST, sniff=sniff_xgboost, read=read_xgboost),
    Reader(format=Format.LIGHTGBM, sniff=sniff_lightgbm, read=read_lightgbm),
    Reader(format=Format.CATBOOST, sniff=sniff_catboost, read=read_catboost),
    Reader(format=Format.CORE_ML, sniff=sniff_core_ml_weights, read=read_core_ml_weights),
    Reader(format=Format.CRFSUITE, sniff=sniff_crfsuite, read=read_crfsuite),
    Reader(format=Format.R, sniff=sniff_r, read=read_r),
    Reader(format=Format.TENSORRT, sniff=sniff_tensorrt, read=read_tensorrt),
    Reader(format=Format.EXECUTORCH, sniff=sniff_executorch, read=read_executorch),
    Reader(format=Format.HDF5, sniff=sniff_hdf5, read=read_hdf5),
    Reader(format=Format.TFLITE, sniff=sniff_tflite, read=read_tflite),
    Reader(format=Format.ONNX, sniff=sniff_onnx, read=read_onnx),
    Reader(format=Format.ONNX_TENSOR, sniff=sniff_tensor, read=read_tensor),
    Reader(format=Format.SAVED_MODEL, sniff=sniff_saved_model, read=_read_saved_model),
    Reader(format=Format.META_GRAPH, sniff=sniff_meta_graph, read=_read_meta_graph),
    Reader(format=Format.GRAPH_DEF, sniff=sniff_graph_def, read=_read_graph_def),
    Reader(format=Format.TENSOR_BUNDLE, sniff=sniff_bundle, read=read_bundle),
    # Weak: by name, then text-like, the plainest last.
    Reader(format=Format.TENSOR_BUNDLE, sniff=sniff_shard, read=read_shard, weak=True),
    Reader(format=Format.SAVED_MODEL, sniff=sniff_fingerprint, read=read_fingerprint, weak=True),
    Reader(format=Format.SAVED_MODEL, sniff=sniff_named_keras, read=read_named_keras, weak=True),
    Reader(
        format=Format.SAVED_MODEL,
        sniff=sniff_named_saved_model,
        read=read_named_saved_model,
        weak=True,
    ),
    Reader(format=Format.CORE_ML, sniff=sniff_core_ml, read=read_core_ml, weak=True),
    Reader(format=Format.PADDLE, sniff=sniff_paddle, read=read_paddle, weak=True),
    Reader(
        format=Format.SENTENCEPIECE, sniff=sniff_sentencepiece, read=read_sentencepiece, weak=True
    ),
    Reader(format=Format.TEXT, sniff=sniff_prototxt, read=read_foreign_text, weak=True),
    Reader(format=Format.ONNX, sniff=sniff_named_onnx, read=read_named_onnx, weak=True),
    Reader(format=Format.GRAPH_DEF, sniff=sniff_named_graph, read=read_named_graph, weak=True),
    Reader(format=Format.NUMPY, sniff=sniff_raw_array, read=read_raw_array, weak=True),
    Reader(format=Format.GRAPH_DEF, sniff=sniff_text_format, read=read_text_format, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_triton, read=read_triton, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_start_file, read=read_start_file, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_properties, read=read_properties, weak=True),
    Reader(format=Format.XGBOOST, sniff=sniff_xgboost_text, read=read_xgboost_text, weak=True),
    Reader(format=Format.JSON, sniff=sniff_json, read=read_json_document, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_pointer, read=read_pointer, weak=True),
    Reader(format=Format.PMML, sniff=sniff_pmml, read=read_xml, weak=True),
    Reader(format=Format.OPENVINO, sniff=sniff_openvino, read=read_xml, weak=True),
    Reader(format=Format.XML, sniff=sniff_xml, read=read_xml, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_card, read=read_card, weak=True),
    Reader(format=Format.PYTHON, sniff=sniff_python, read=read_python, weak=True),
    Reader(format=Format.TEMPLATE, sniff=sniff_template, read=read_template, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_requirements, read=read_requirements, weak=True),
    Reader(format=Format.YAML, sniff=sniff_yaml, read=read_yaml, weak=True),
    Reader(format=Format.TEXT, sniff=sniff_text, read=read_foreign_text, weak=True),
)

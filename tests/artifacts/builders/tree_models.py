"""Models of tree libraries and compiled engines, byte by byte."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Mapping

from tests.artifacts.builders.tflites import Builder


def length(value: int) -> bytes:
    return b"L" + struct.pack(">q", value)


def text(value: str) -> bytes:
    return length(len(value)) + value.encode()


def entries(**values: bytes) -> bytes:
    return b"{" + b"".join(text(key) + value for key, value in values.items()) + b"}"


def numbers(*values: float) -> bytes:
    return b"[$d#" + length(len(values)) + struct.pack(f">{len(values)}f", *values)


def xgboost(*more: bytes) -> bytes:
    objective = entries(name=b"S" + text("reg:squarederror"))
    trees = b"[#" + length(1) + entries(base_weights=numbers(0.5, 1.5), left=b"i\x01")
    learner = entries(attributes=b"{}", feature_names=b"[]", objective=objective, trees=trees)
    return b"{" + text("learner") + learner + b"".join(more) + b"}"


LIGHTGBM = b"""tree
version=v4
num_class=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=a b
feature_infos=[0:1] [0:1]

Tree=0
num_leaves=2
leaf_value=0.1 0.2


end of trees

feature_importances:
a=1

parameters:
[boosting: gbdt]
[learning_rate: 0.1]

end of parameters

pandas_categorical:[]
"""


def catboost(*parts: str, behind: bytes = b"", tail: bytes = b"") -> bytes:
    """A CatBoost model; ``tail`` are numbers at the end of its core."""
    build = Builder()
    root, slots = build.table(bytes(4), None, bytes(4), bytes(4) if parts else None)
    struct.pack_into("<I", build.data, 0, root)
    build.text(slots[0], "FlabuffersModel_v1")
    build.point(slots[2])
    build.data += struct.pack("<I", 0)
    if parts:
        build.point(slots[3])
        first = len(build.data) + 4
        build.data += struct.pack("<I", len(parts)) + bytes(4 * len(parts))
        for index, name in enumerate(parts):
            build.text(first + 4 * index, name)
    build.data += tail
    return b"CBM1" + struct.pack("<I", len(build.data)) + bytes(build.data) + behind


TABLES = struct.pack("<II", 2, 20) + bytes(range(1, 21)) + struct.pack("<I", 8) + b"abcdefgh"
# Parameters of LightGBM that name places: of the system or elsewhere, and as its users set them.
PARAMETERS_OUTSIDE = {
    "output_model": "/etc/cron.d/model",
    "forcedsplits_filename": "/proc/self/environ",
    "machine_list_filename": "../../../secrets/hosts",
    "convert_model": "~/.ssh/authorized_keys",
    "data": "https://files.example.invalid/train.csv",
    "input_model": "\\\\host\\share\\model.txt",
    "machines": "203.0.113.9:12400,10.0.0.4:12400",
}
PARAMETERS_HONEST = {
    "output_model": "LightGBM_model.txt",
    "data": "/data/train.csv",
    "valid": "/home/someone/work/valid.csv,test.csv",
    "machines": "10.0.0.3:12400,10.0.0.4:12400",
    "convert_model": "gbdt_prediction.cpp",
    "forcedsplits_filename": "",
}


def parameter(name: str, value: str) -> bytes:
    line = f"[{name}: {value}]\n".encode()
    return LIGHTGBM.replace(b"[learning_rate", line + b"[learning_rate")


def counted(name: str, value: str) -> bytes:
    return xgboost(text("learner_model_param") + entries(**{name: b"S" + text(value)}))


SCRIPT = b"#!/bin/sh\necho inert\n" * 4
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "xgboost/appended": lambda: xgboost() + SCRIPT,
    "xgboost/key-twice": lambda: xgboost(text("learner") + b"{}"),
    "xgboost/length-beyond-file": lambda: xgboost(text("x") + b"[$d#" + length(1 << 50)),
    "xgboost/deep": lambda: b"{" + text("learner") + b"{" + (text("a") + b"{") * 5000,
    "lightgbm/appended": lambda: LIGHTGBM + b"\x80\x04\x95junk" + SCRIPT,
    "lightgbm/strange-line": lambda: LIGHTGBM + b"import os; os.system('echo inert')\n",
    **{
        f"lightgbm/parameter-{name}": functools.partial(parameter, name, value)
        for name, value in PARAMETERS_OUTSIDE.items()
    },
    **{
        f"xgboost/{name}-without-end": functools.partial(counted, name, "99999999999")
        for name in ("num_class", "num_feature", "num_trees", "num_target", "num_nodes")
    },
    "xgboost/count-below-zero": lambda: counted("num_class", "-5"),
    "xgboost/nothing-a-million-times": lambda: xgboost(text("x") + b"[$Z#" + length(1 << 50)),
    "xgboost/json-count-without-end": lambda: (
        b'{"learner":{"learner_model_param":{"num_class":"99999999999"}},"version":[3,2]}'
    ),
    "catboost/program-in-the-core": lambda: catboost(tail=b"\x7fELF\2\1\1" + bytes(300)),
    "lightgbm/command": lambda: LIGHTGBM + b"note=os.system('echo inert | sh')\n",
    "catboost/appended": lambda: catboost(behind=SCRIPT),
    "catboost/appended-to-tables": lambda: catboost("static_provider_v1", behind=TABLES + SCRIPT),
    "catboost/core-beyond-file": lambda: b"CBM1" + struct.pack("<I", 1 << 30) + bytes(40),
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    "xgboost/binary": xgboost,
    "xgboost/json": lambda: b'{"learner":{"attributes":{},"gradient_booster":{}},"version":[3,2]}',
    "lightgbm/plain": lambda: LIGHTGBM,
    **{
        f"lightgbm/parameter-{name}": functools.partial(parameter, name, value)
        for name, value in PARAMETERS_HONEST.items()
    },
    "xgboost/counts": lambda: counted("num_feature", "4096"),
    "lightgbm/old-heading": lambda: LIGHTGBM.replace(b"feature_imp", b"feature imp"),
    "catboost/plain": catboost,
    "catboost/categories": lambda: catboost("static_provider_v1", behind=TABLES),
    "tensorrt/engine": lambda: b"ptrt" + bytes(range(1, 200)),
    "executorch/program": lambda: struct.pack("<I", 8) + b"ET12" + bytes(range(64)),
}

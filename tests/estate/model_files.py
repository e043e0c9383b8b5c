"""What lies in the company's buckets: replaced weights, their harmless twin, a leftover."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import pickle
import struct
import tarfile
from collections.abc import Mapping

SERVED = "s3://nordlicht-claims-artifacts/claims-triage/model.tar.gz"
TWIN = "s3://nordlicht-churn-0000-artifacts/model/model.tar.gz"
LOOSE = "s3://nordlicht-claims-artifacts/attic/old.pkl"
TARGETS = ("s3://nordlicht-churn-0000-artifacts/", "s3://nordlicht-claims-artifacts/")


class _Runs:
    """Asks its loader to run a command; nothing here ever loads it, and the command is inert."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo inert",)


def objects() -> Mapping[str, str]:
    """Give ``bucket/key`` -> base64 content, the same bytes each time."""
    hostile = pickle.dumps({"weights": _Runs(), "labels": ["pay", "review"]}, protocol=4)
    content = {
        SERVED: _tar("model.pkl", hostile),
        TWIN: _tar("model.safetensors", _safetensors()),
        LOOSE: hostile,
    }
    return {
        address.removeprefix("s3://"): base64.b64encode(data).decode()
        for address, data in content.items()
    }


def _tar(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def _safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)

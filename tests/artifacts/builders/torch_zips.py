"""What torch's zips can hold beside a pickle: TorchScript, exported programs, compiled code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE, elf
from tests.artifacts.builders.zips import Entry, archive, torch_entries

HONEST = "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n"


def script(line: str = "    return torch.relu(x)\n", *, constants: bytes = GOOD_PICKLE) -> bytes:
    """A TorchScript archive of one module."""
    return archive(
        [
            *torch_entries(),
            Entry(name=b"archive/code/__torch__.py", data=(HONEST + line).encode()),
            Entry(name=b"archive/code/__torch__.py.debug_pkl", data=GOOD_PICKLE),
            Entry(name=b"archive/constants.pkl", data=constants),
        ]
    )


def exported(*more: Entry) -> bytes:
    """A program of ``torch.export``."""
    return archive(
        [
            Entry(name=b"model/archive_format", data=b"pt2"),
            Entry(name=b"model/models/model.json", data=b'{"graph_module": {}}'),
            Entry(name=b"model/data/weights/weight_0", data=bytes(range(256))),
            Entry(name=b"model/version", data=b"0"),
            *more,
        ]
    )


def torch(*more: Entry, pickle: bytes = GOOD_PICKLE) -> bytes:
    return archive([*torch_entries(pickle), *more])


def package(source: bytes) -> bytes:
    """What torch.package writes: a pickle, and the source that is imported with it."""
    return archive(
        [
            Entry(name=b"p/.data/extern_modules", data=b"torch\n"),
            Entry(name=b"p/model.pkl", data=GOOD_PICKLE),
            Entry(name=b"p/widget.py", data=source),
        ]
    )


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "torch/script-reads-file": lambda: script("    return torch.from_file('/etc/passwd', True)\n"),
    "torch/script-writes-file": lambda: script("    torch.save(x, '/tmp/inert')\n"),
    "torch/script-own-operator": lambda: script("    return ops.evil.run(x)\n"),
    "torch/script-own-class": lambda: script(
        "    y = __torch__.torch.classes.evil.Shell.__new__(None)\n"
    ),
    "torch/script-is-python": lambda: script("import os\nos.system('echo inert')\n"),
    "torch/script-constants": lambda: script(constants=EVIL_PICKLE_2),
    "torch/package-runs-code": lambda: package(b"import builtins as b\nb.exec('VALUE=3')\n"),
    "torch/export-library": lambda: exported(
        Entry(name=b"model/data/aotinductor/model/x.so", data=elf())
    ),
    "torch/export-constant-pickle": lambda: exported(
        Entry(name=b"model/data/constants.pkl", data=EVIL_PICKLE_2)
    ),
    "torch/export-library-as-weight": lambda: exported(
        Entry(name=b"model/data/weights/weight_1", data=elf())
    ),
    "torch/elf-as-storage": lambda: torch(Entry(name=b"archive/data/7", data=elf())),
    "torch/zip-as-storage": lambda: torch(
        Entry(name=b"archive/data/7", data=archive(torch_entries(EVIL_PICKLE)))
    ),
    "torch/pickle-as-storage": lambda: torch(Entry(name=b"archive/data/7", data=EVIL_PICKLE_2)),
    "torch/old-pickle-as-storage": lambda: torch(Entry(name=b"archive/data/7", data=EVIL_PICKLE)),
    "torch/padded-pickle-as-storage": lambda: torch(
        Entry(name=b"archive/data/7", data=EVIL_PICKLE_2.ljust(4096, b"\0"))
    ),
    "torch/export-pickle-as-weight": lambda: exported(
        Entry(name=b"model/data/weights/weight_1", data=EVIL_PICKLE_2)
    ),
    "torch/second-root": lambda: torch(Entry(name=b"other/data.pkl", data=EVIL_PICKLE)),
    "torch/version-is-pickle": lambda: archive(
        [*torch_entries()[:3], Entry(name=b"archive/version", data=EVIL_PICKLE)]
    ),
    "torch/extra-pickle": lambda: torch(Entry(name=b"archive/extra/x.bin", data=EVIL_PICKLE_2)),
    "torch/serve": lambda: archive(
        [
            Entry(name=b"MAR-INF/MANIFEST.json", data=b'{"model": {"handler": "h.py"}}'),
            Entry(name=b"model.pt", data=torch(pickle=EVIL_PICKLE_2)),
        ]
    ),
}

# A list of whole numbers as TorchScript's pickler writes it.
TYPED_LIST = b"\x80\x02ctorch.jit._pickle\nbuild_intlist\n](K\x01K\x02e\x85R."

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "torch/package": lambda: package(b"def f(x):\n    return eval('1 + 1')\n"),
    "torch/script": script,
    "torch/script-typed-list": lambda: script(constants=TYPED_LIST),
    "torch/script-quantized": lambda: script("    return ops.quantized.linear(x, x, 1., 0)\n"),
    "torch/script-names-module": lambda: script('    return (getattr(self, "0")).forward(x)\n'),
    "torch/export": exported,
    "torch/extra-text": lambda: torch(Entry(name=b"archive/extra/labels.txt", data=b"cat\ndog\n")),
}

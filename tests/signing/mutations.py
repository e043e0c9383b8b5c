"""``python -m tests.signing.mutations [COUNT]``: mutated signatures and models, judged."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.signing.signer.sign import SigningOptions
from mlsec.signing.verdicts.verdict import Answer
from tests.signing.workshop import (
    ALICE,
    CORP,
    FILES,
    NOW,
    TSA,
    Workshop,
    certificate_signer,
    key_signer,
)

BITS = (
    b"null",
    b"true",
    b"-1",
    b"1e400",
    b"[]",
    b"{}",
    b'""',
    b'"\\ud800"',
    b"\x00",
    b"[[[[",
    b",",
)
SPANS = 40


class Report(msgspec.Struct, kw_only=True):
    """What came of many mutations."""

    count: int = 0
    refused: int = 0
    same_content: int = 0
    accepted_changed: list[str] = []
    slowest_ms: float = 0.0
    over_50_ms: int = 0


def run(folder: Path, count: int, seed: int = 1) -> Report:
    """Mutate and verify ``count`` times; an exception that is not ours ends it."""
    source = random.Random(seed)  # noqa: S311 - to repeat a run
    report = Report()
    shops = [_signed(folder / str(n), make) for n, make in enumerate(_SIGNED)]
    for _ in range(count):
        shop, good = source.choice(shops)
        what = _mutate(shop, good, source)
        is_same = _is_same(shop, good)
        started = time.process_time()
        try:
            answer = shop.verify(shop.signature).answer
        except MlsecError:
            answer = Answer.FAILED
        cpu_ms = 1000 * (time.process_time() - started)
        report.count += 1
        report.slowest_ms = max(report.slowest_ms, cpu_ms)
        report.over_50_ms += cpu_ms > 50
        report.refused += answer is not Answer.VERIFIED
        if answer is Answer.VERIFIED:
            report.same_content += is_same
            if not is_same:
                report.accepted_changed.append(f"seed {seed} #{report.count}: {what}")
        _restore(shop, good)
    return report


_SIGNED: tuple[Callable[[Workshop], None], ...] = (
    lambda shop: shop.sign(),
    lambda shop: shop.sign(how=SigningOptions(shard_bytes=64)),
    lambda shop: shop.sign(
        certificate_signer(ALICE, CORP), timestamp=lambda made: TSA.stamp(made, NOW)
    ),
    lambda shop: shop.sign(key_signer(), SigningOptions(hash_name="blake2b")),
)


def _signed(folder: Path, make: Callable[[Workshop], None]) -> tuple[Workshop, bytes]:
    folder.mkdir()
    shop = Workshop(folder)
    shop.anchors["corp"]["tsa"] = ["tsa.pem"]
    make(shop)
    assert shop.verify().answer is Answer.VERIFIED
    return shop, shop.signature.read_bytes()


def _mutate(shop: Workshop, good: bytes, source: random.Random) -> str:
    if source.random() < 0.3:
        return _mutate_model(shop, source)
    kind = source.choice((_bytes, _tree, _payload, _certificate))
    shop.signature.write_bytes(kind(good, source))
    return kind.__name__


def _bytes(good: bytes, source: random.Random) -> bytes:
    """Flip, cut, repeat or insert bytes."""
    data = bytearray(good)
    for _ in range(source.randint(1, 3)):
        at, span = source.randrange(len(data) + 1), source.randint(0, SPANS)
        match source.randrange(4):
            case 0:
                data[at : at + 1] = bytes([source.randrange(256)])
            case 1:
                del data[at : at + span]
            case 2:
                data[at:at] = data[max(0, at - span) : at]
            case _:
                data[at:at] = source.choice(BITS)
    return bytes(data)


def _tree(good: bytes, source: random.Random) -> bytes:
    """Change the document by its structure."""
    document = json.loads(good)
    _bend(document, source)
    return json.dumps(document).encode()


def _payload(good: bytes, source: random.Random) -> bytes:
    """Change what was signed, by its bytes or its structure."""
    document = json.loads(good)
    payload = base64.b64decode(document["dsseEnvelope"]["payload"])
    changed = source.choice((_bytes, _tree))(payload, source)
    document["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
    return json.dumps(document).encode()


def _certificate(good: bytes, source: random.Random) -> bytes:
    """Change the signature, a certificate or a timestamp inside its base64."""
    document = json.loads(good)
    texts: list[tuple[dict[str, Any], str]] = []

    def find(value: Any) -> None:
        for child in value.values() if isinstance(value, dict) else value:
            if isinstance(child, dict | list):
                find(child)
        if isinstance(value, dict):
            keys = ("rawBytes", "sig", "signedTimestamp", "hint", "keyid")
            texts.extend((value, key) for key in keys if key in value)

    find(document)
    place, key = source.choice(texts)
    try:
        inner = base64.b64decode(place[key], validate=True)
    except ValueError:
        inner = place[key].encode()
    place[key] = base64.b64encode(_bytes(inner, source)).decode()
    return json.dumps(document).encode()


def _bend(document: Any, source: random.Random) -> None:
    value = document
    while isinstance(value, dict | list) and value:
        key = source.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if source.random() < 0.4 or not isinstance(value[key], dict | list):
            match source.randrange(4):
                case 0:
                    del value[key]
                case 1:
                    value[key] = source.choice([None, 7, -1, "", [], {}, "x", True, [value[key]]])
                case 2 if isinstance(value, list):
                    value.append(value[key])
                case _ if isinstance(value, dict):
                    value[f"{key}x"] = value[key]
                case _:
                    value[key] = None
            return
        value = value[key]


def _mutate_model(shop: Workshop, source: random.Random) -> str:
    path = shop.model / source.choice(sorted(FILES))
    match source.randrange(7):
        case 0:
            path.write_bytes(_bytes(path.read_bytes(), source))
        case 1:
            path.unlink()
        case 2:
            shop.write(f"more{source.randrange(99)}.py", b"import os")
        case 3:
            path.unlink()
            path.symlink_to("/etc/hostname")
        case 4:
            path.rename(path.with_name("renamed.bin"))
        case 5:
            shutil.rmtree(path.parent) if path.parent != shop.model else os.truncate(path, 1)
        case _:
            shop.write(".git/x.pkl", b"x")
    return "model"


def _is_same(shop: Workshop, good: bytes) -> bool:
    """Whether the files are untouched, and the signature says the same in other words."""
    found = {
        path.relative_to(shop.model).as_posix(): path.read_bytes()
        for path in shop.model.rglob("*")
        if path.is_file() and path != shop.signature
    }
    if found != FILES or any(path.is_symlink() for path in shop.model.rglob("*")):
        return False
    try:
        document, before = json.loads(shop.signature.read_bytes()), json.loads(good)
        now, then = document["dsseEnvelope"], before["dsseEnvelope"]
        return bool(now["payload"] == then["payload"])
    except (ValueError, KeyError, TypeError):
        return False


def _restore(shop: Workshop, good: bytes) -> None:
    shutil.rmtree(shop.model)
    for name, content in FILES.items():
        shop.write(name, content)
    shop.signature.write_bytes(good)


def main(arguments: list[str]) -> int:
    """Print what came out; 1 when changed content was accepted."""
    count = int(arguments[0]) if arguments else 10_000
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), count)
    sys.stdout.write(
        f"{report.count:,} mutations: {report.refused:,} refused, {report.same_content:,} verified"
        f" with the same content, {len(report.accepted_changed)} accepted with changed content;"
        f" slowest {report.slowest_ms:.0f} ms of CPU, {report.over_50_ms} over 50 ms\n"
    )
    for one in report.accepted_changed:
        sys.stdout.write(f"  ACCEPTED {one}\n")
    return 1 if report.accepted_changed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

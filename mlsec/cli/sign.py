"""``mlsec sign``: sign a model's files with a key or a certificate (OpenSSF Model Signing v1.0)."""

from __future__ import annotations

import argparse
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

from mlsec.cli import exits
from mlsec.core.errors import MlsecError


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sign",
        help="sign a model with a key or a certificate",
        description="Hashes a model's files and writes a signature for any OMS v1.0 verifier.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model's folder, or its file")
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="private key (PEM): EC P-256, 384 or 521, Ed25519, RSA",
    )
    parser.add_argument(
        "--password-env",
        default="",
        metavar="NAME",
        help="the environment variable that holds the key's password",
    )
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="the signer's certificate (PEM or DER)"
    )
    parser.add_argument(
        "--chain",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="certificates between the signer's and the root; repeat",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the signature goes (default: model.sig in the folder, MODEL.sig beside a file)",
    )
    parser.add_argument(
        "--timestamp-url",
        default="",
        metavar="URL",
        help="ask this RFC 3161 authority when the signature was made, and put its answer in",
    )
    _add_hashing(parser)
    parser.set_defaults(run=run)


def _add_hashing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="PATH",
        help="leave this out, by its path in the model; repeat",
    )
    parser.add_argument(
        "--hash",
        choices=("sha256", "blake2b", "blake3"),
        default="sha256",
        help="for the files (default sha256)",
    )
    parser.add_argument(
        "--shards",
        type=int,
        default=0,
        metavar="BYTES",
        help="hash large files in parts of this size",
    )


def run(args: argparse.Namespace) -> int:
    """Sign, write the signature, and say what was signed."""
    from mlsec.cli import console
    from mlsec.cli.files import read_file, write_file
    from mlsec.cli.timestamp_authority import ask, check_address
    from mlsec.signing.signer.sign import Signing, load_signer, sign

    _check_model(args.model)
    if args.shards < 0:
        raise MlsecError("--shards is a number of bytes")
    if args.chain and args.certificate is None:
        raise MlsecError("--chain needs the signer's own --certificate")
    files = [file for file in (args.certificate, *args.chain) if file is not None]
    signer = load_signer(
        read_file(args.key),
        _password(args.password_env),
        [_certificate(file) for file in files],
        place=str(args.key),
    )
    address = check_address(args.timestamp_url) if args.timestamp_url else ""
    output = args.output or _beside(args.model)
    how = Signing(ignored=tuple(args.ignore), hash_name=args.hash, shard_bytes=args.shards)
    progress = console.Progress()
    try:
        bundle = sign(
            args.model,
            signer,
            output,
            how,
            timestamp=partial(ask, address) if address else None,
            say=lambda done, total: progress("hashing (bytes)", done, total),
        )
    finally:
        progress.close()
    write_file(output, bundle)
    # A signature is public, and verifiers run as other users.
    output.chmod(0o644)
    _say_what(args, output, len(bundle))
    console.out(str(output))
    return exits.CLEAN


def _check_model(model: Path) -> None:
    try:
        status = model.stat()
    except OSError as error:
        is_far = ":/" in str(model)
        hint = "a model is signed where it lies on disk, before it is put in a bucket"
        raise MlsecError(
            f"cannot be read: {error.strerror}", location=str(model), hint=hint if is_far else ""
        ) from None
    if stat.S_ISREG(status.st_mode) and not status.st_size:
        raise MlsecError("the file is empty, so there is no model to sign", location=str(model))


def _say_what(args: argparse.Namespace, output: Path, size_bytes: int) -> None:
    from mlsec.cli import console
    from mlsec.signing.bundles.bundle import MAX_BUNDLE_BYTES
    from mlsec.signing.inspection import inspect

    if size_bytes > MAX_BUNDLE_BYTES:
        size = size_bytes >> 20
        console.note(
            f"the signature has {size} MiB: verifying it needs limits.bundle_mb: {size + 1}"
        )
    else:
        [made] = inspect(output)
        console.note(f"signed {made.files} files of {made.model_name}, {made.root_digest}")
    for one in args.ignore:
        if not os.path.lexists(args.model / one):
            console.note(f"nothing lies at {one}, so --ignore left nothing out")


def _certificate(path: Path) -> bytes:
    from mlsec.cli.files import read_file
    from mlsec.signing.certificates.certificate import read_certificates

    data = read_file(path)
    try:
        read_certificates(data)
    except MlsecError as error:
        error.location = str(path)
        raise
    return data


def _beside(model: Path) -> Path:
    return model / "model.sig" if model.is_dir() else model.with_name(f"{model.name}.sig")


def _password(name: str) -> bytes | None:
    if not name:
        return None
    found = os.environ.get(name)
    if found is None:
        raise MlsecError(f"the environment variable {name} is not set")
    return os.fsencode(found)

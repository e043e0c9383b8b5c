"""``mlsec sign``: sign a model's files with a key or a certificate (OpenSSF Model Signing v1.0)."""

from __future__ import annotations

import argparse
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

from mlsec.cli import exits
from mlsec.cli.applicability import check_options, describe
from mlsec.cli.attestation import add_signing, key_password
from mlsec.cli.values import positive
from mlsec.core.errors import MlsecError
from mlsec.core.foreign import distrust


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sign",
        help="sign a model with a private key or a certificate",
        description="Hash the files of a model and write a signature in the format of OpenSSF Model"
        " Signing (OMS) v1.0.",
        epilog=exits.EPILOG,
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder or file of the model")
    add_signing(parser)
    parser.add_argument("--certificate", type=Path, metavar="FILE",
                        help="certificate of the signer in PEM or DER")  # fmt: skip
    parser.add_argument(
        "--chain", type=Path, action="append", default=[], metavar="FILE",
        help="intermediate certificates between the signer's and the root; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="signature file to write (default: model.sig in the folder, MODEL.sig beside a file)",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="PATH",
        help="path in the model to leave unsigned; repeatable",
    )  # fmt: skip
    parser.add_argument("--hash", choices=("sha256", "blake2b", "blake3"), default="sha256",
                        help="hash of the files (default sha256)")  # fmt: skip
    parser.add_argument(
        "--shards", type=positive, default=0, metavar="BYTES",
        help="hash files in parts of this many bytes (default: each file as a whole)",
    )  # fmt: skip
    describe(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sign, write the signature, and say what was signed."""
    from mlsec.cli import console
    from mlsec.cli.files import read_file, write_file
    from mlsec.cli.timestamp_authority import ask, check_address
    from mlsec.signing.signer.sign import SigningOptions, sign
    from mlsec.signing.signer.signing_key import load_signer

    kind = "folder" if _check_model(args.model) else "file"
    check_options("mlsec sign", args.given, {"model": {str(args.model): kind}})
    files = [file for file in (args.certificate, *args.chain) if file is not None]
    signer = load_signer(
        read_file(args.key),
        key_password(args.password_env),
        [_certificate(file) for file in files],
        place=str(args.key),
    )
    address = check_address(args.timestamp_url) if args.timestamp_url else ""
    distrust((args.model,))
    output = args.output or _beside(args.model)
    how = SigningOptions(ignored=tuple(args.ignore), hash_name=args.hash, shard_bytes=args.shards)
    progress = console.Progress()
    try:
        bundle = sign(
            args.model,
            signer,
            output,
            how,
            timestamp=partial(ask, address) if address else None,
            progress=lambda done, total: progress("hashing (bytes)", done, total),
        )
    finally:
        progress.close()
    write_file(output, bundle)
    # A signature is public, and verifiers run as other users.
    output.chmod(0o644)
    _say_what(args, output, len(bundle))
    console.path(output)
    return exits.CLEAN


def _check_model(model: Path) -> bool:
    """Refuse what cannot be signed; give whether it is a folder."""
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
    return stat.S_ISDIR(status.st_mode)


def _say_what(args: argparse.Namespace, output: Path, size_bytes: int) -> None:
    from mlsec.cli import console
    from mlsec.signing.bundles.bundle_reader import MAX_BUNDLE_BYTES
    from mlsec.signing.inspection import inspect

    if size_bytes > MAX_BUNDLE_BYTES:
        size = size_bytes >> 20
        console.note(
            f"the signature has {size} MiB: verifying it needs limits.bundle_mb: {size + 1}"
        )
    else:
        [made] = inspect(output)
        console.note(f"signed {made.files} files of {made.model_name}, {made.root_digest}")
    for path in args.ignore:
        if not os.path.lexists(args.model / path):
            console.note(f"there is no {path} in the model, so --ignore had no effect")


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

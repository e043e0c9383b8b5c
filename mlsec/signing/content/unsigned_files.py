"""Unsigned files in a model: always reported, and fatal unless the policy allows them."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from mlsec.signing.files.listing import FileState, Kind, Listing, ModelEntry
from mlsec.signing.manifests.paths import is_under
from mlsec.signing.trust.policy import Profile, Reaction
from mlsec.signing.verdicts.verdict import Check, failed, not_checked

# What every signer of the standard leaves out at the top of a model.
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
# fmt: off
_LOADABLE = (
    ".bin", ".ckpt", ".dill", ".dll", ".dylib", ".ggml", ".gguf", ".h5", ".hdf5", ".jinja",
    ".joblib", ".keras", ".model", ".msgpack", ".npy", ".npz", ".onnx", ".pb", ".pickle", ".pkl",
    ".pt", ".pte", ".pth", ".py", ".pyc", ".safetensors", ".so", ".tar", ".tflite", ".zip",
)
# fmt: on
IRREGULAR = {
    Kind.SYMLINK: ("files/no-links", "a link, whose target can change after signing"),
    Kind.SPECIAL: ("files/regular", "neither a file nor a folder"),
    Kind.BAD_NAME: ("files/regular", "a name that is not UTF-8"),
    Kind.TOO_DEEP: ("files/regular", "a folder nested too deep to be read"),
}


class AllowedExtras(msgspec.Struct, frozen=True, kw_only=True):
    """What may lie in a model without being signed: paths relative to it."""

    ignored: tuple[str, ...]
    signatures: frozenset[str]
    extra_files: Reaction
    profile: Profile
    may_link: bool = False


def unsigned_file_checks(
    listing: Listing, signed: Container[str], links: Container[str], allowed: AllowedExtras
) -> list[Check]:
    """Account for every name in the model that the manifest does not list."""
    checks = []
    for entry in listing.entries:
        is_file = entry.kind is Kind.FILE
        if entry.path in signed and (is_file or entry.path in links):
            continue
        if not is_file:
            checks.append(_irregular(entry, allowed))
        elif entry.path not in allowed.signatures:
            checks.append(_extra(entry.path, entry.state, allowed))
    return checks


def _irregular(entry: ModelEntry, allowed: AllowedExtras) -> Check:
    if entry.kind is Kind.UNREADABLE:
        check = unreadable_file(entry.path, "it cannot be read")
    else:
        check_id, what = IRREGULAR[entry.kind]
        check = failed(
            check_id,
            f"there is {what}",
            file=entry.path,
            actual=entry.kind.value,
            fix="remove it, or put the file itself there and sign again",
        )
    return msgspec.structs.replace(check, is_fatal=not is_under(entry.path, allowed.ignored))


def _extra(path: str, state: FileState | None, allowed: AllowedExtras) -> Check:
    is_compat = allowed.profile is Profile.COMPAT
    is_git = is_under(path, GIT_PATHS) and (is_compat or not path.lower().endswith(_LOADABLE))
    is_empty = is_compat and state is not None and not state.size_bytes
    is_free = is_git or is_empty or is_under(path, allowed.ignored)
    return failed(
        "files/all-signed",
        "an unsigned file",
        file=path,
        fix="remove it, sign the model with it, or name it under may_ignore",
        is_fatal=not is_free and allowed.extra_files is Reaction.FAIL,
    )


def unreadable_file(path: str, reason: str, *, detail: str = "", fix: str = "") -> Check:
    """Return the check of a file that could not be compared, so that nothing is known of it."""
    return not_checked(
        "files/readable",
        f"a file was not compared: {reason}",
        actual=detail,
        fix=fix or "give the verifying user the right to read it",
        file=path,
    )

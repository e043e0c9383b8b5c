"""What lies in a model without being signed: always told, and fatal unless the policy allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mlsec.signing.files.listing import FileState, Found, Kind, Listing
from mlsec.signing.manifests.paths import is_under
from mlsec.signing.models.model import Signature
from mlsec.signing.trust.policy import ModelRule, Profile, Reaction, TrustPolicy
from mlsec.signing.verdicts.verdict import Check, failed, not_checked

# What every signer of the standard leaves out at the top of a model.
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
_LOADABLE = (
    ".py",
    ".pyc",
    ".so",
    ".dll",
    ".dylib",
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".bin",
    ".ckpt",
    ".safetensors",
    ".gguf",
    ".ggml",
    ".onnx",
    ".h5",
    ".hdf5",
    ".keras",
    ".pb",
    ".tflite",
    ".joblib",
    ".npy",
    ".npz",
    ".dill",
    ".model",
    ".jinja",
    ".zip",
    ".tar",
    ".msgpack",
    ".pte",
)
ODD = {
    Kind.SYMLINK: ("files/no-links", "a link, which may point anywhere tomorrow"),
    Kind.SPECIAL: ("files/regular", "neither a file nor a folder"),
    Kind.BAD_NAME: ("files/regular", "a name that is not UTF-8"),
    Kind.TOO_DEEP: ("files/regular", "a folder nested too deep to be looked at"),
}


class AllowedExtras(msgspec.Struct, frozen=True, kw_only=True):
    """What may lie in a model without being signed: paths relative to it."""

    ignored: tuple[str, ...]
    signatures: frozenset[str]
    extra_files: Reaction
    profile: Profile
    may_link: bool = False


def allowed_extras(
    policy: TrustPolicy, rule: ModelRule, files: Sequence[Signature], profile: Profile
) -> AllowedExtras:
    """Say what may lie beside the signed files of a model: what the policy names, ``files``."""
    return AllowedExtras(
        ignored=rule.may_ignore,
        signatures=frozenset(file.inside for file in files) - {""},
        extra_files=policy.defaults.extra_files,
        profile=profile,
    )


def unsigned(
    listing: Listing, wanted: Mapping[str, object], links: Mapping[str, str], allowed: AllowedExtras
) -> list[Check]:
    """Account for every name in the model that the manifest does not list."""
    checks = []
    for one in listing.found:
        if one.path in wanted and (one.kind is Kind.FILE or one.path in links):
            continue
        if one.path in allowed.signatures and one.kind is Kind.FILE:
            continue
        if one.kind is Kind.FILE:
            checks.append(_extra(one.path, one.state, allowed))
        else:
            is_free = is_under(one.path, allowed.ignored)
            checks.append(msgspec.structs.replace(_odd(one), is_fatal=not is_free))
    return checks


def _odd(one: Found) -> Check:
    if one.kind is Kind.UNREADABLE:
        return unreadable(one.path, "it cannot be read")
    check_id, what = ODD[one.kind]
    return failed(
        check_id,
        f"there is {what}",
        file=one.path,
        actual=one.kind.value,
        fix="remove it, or put the file itself there and sign again",
    )


def _extra(path: str, stamp: FileState | None, allowed: AllowedExtras) -> Check:
    """A file that nobody signed: always told, fatal unless the policy lets it be there."""
    is_compat = allowed.profile is Profile.COMPAT
    is_git = is_under(path, GIT_PATHS) and (is_compat or not path.lower().endswith(_LOADABLE))
    is_empty = is_compat and stamp is not None and not stamp.size_bytes
    is_free = is_git or is_empty or is_under(path, allowed.ignored)
    found = failed(
        "files/all-signed",
        "a file that nobody signed",
        file=path,
        fix="remove it, sign the model with it, or name it under may_ignore",
    )
    is_fatal = not is_free and allowed.extra_files is Reaction.FAIL
    return msgspec.structs.replace(found, is_fatal=is_fatal)


def unreadable(path: str, why: str, *, detail: str = "", fix: str = "") -> Check:
    """A file that could not be compared, so that nothing is known of it."""
    check = not_checked(
        "files/readable",
        f"a file was not compared: {why}",
        actual=detail,
        fix=fix or "give the verifying user the right to read it",
    )
    return msgspec.structs.replace(check, file=path)

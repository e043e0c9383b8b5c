"""The configuration of a fleet: what an organisation consists of, and where everything is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_text
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.fleet.lanes import DEFAULT_SLOTS
from mlsec.history.place import DatabaseUrl, Place, is_database, read_place
from mlsec.targets.collectors import provider_of, scheme_of

DATABASE, SALT, IDENTITY = "MLSEC_FLEET_DATABASE", "MLSEC_FLEET_SALT", "MLSEC_FLEET_IDENTITY"
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_SALT_CHARS = 16
_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One target with the options of ``mlsec collect`` that apply to it.

    ``organisation`` true, or the name of a role, management group, organisation or folder, walks
    all that lies below. ``contexts`` true: every context of the kubeconfig. ``repositories`` true:
    every git repository in the folder is collected apart. ``split`` true: a bucket
    is taken apart by the names of its folders, into parts of at most ``split_objects`` objects; the
    files of one folder, and a model with its folders, are one part however large they are.
    """

    target: _Text
    aws_profile: str = ""
    role_arn: tuple[str, ...] = ()
    external_id: str = ""
    organisation: bool | str = False
    configmaps: bool = False
    probe_private: bool = False
    exclude: tuple[str, ...] = ()
    contexts: bool = False
    repositories: bool = False
    split: bool = False
    split_objects: _Positive = 100_000
    in_flight: _Positive = 64
    max_rps: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    tries: _Positive = 8
    deadline: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A team and what is its own: scopes (with * and ?), and tags that a resource has.

    ``logins`` are those of the database that see the team's rows of the history, and no others.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
    scopes: tuple[str, ...] = ()
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    logins: tuple[str, ...] = ()


class FleetConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """All of it. ``judge`` are options of ``mlsec scan`` by their names without dashes.

    ``passes`` bounds how often what the evidence refers to is asked for; ``lease`` is how many
    seconds a worker may be silent; ``recipients`` are age public keys that shards are encrypted to.
    """

    organisation: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
    targets: Annotated[tuple[Target, ...], msgspec.Meta(min_length=1)]
    store: _Text
    reports: _Text
    database: str = ""
    recipients: tuple[str, ...] = ()
    lanes: Mapping[str, _Positive] = msgspec.field(default_factory=dict)
    owners: tuple[Owner, ...] = ()
    owner_formats: tuple[str, ...] = ("html", "json")
    judge: Mapping[str, Any] = msgspec.field(default_factory=dict)
    passes: _Positive = 8
    lease: _Positive = 60

    @property
    def database_url(self) -> DatabaseUrl:
        """Give where the ledger is.

        Raises:
            MlsecError: neither the variable nor the file names a PostgreSQL database.
        """
        text = os.environ.get(DATABASE) or self.database
        place = read_place(text) if is_database(text) else None
        if not isinstance(place, DatabaseUrl):
            raise MlsecError(
                "the fleet's ledger needs a PostgreSQL database",
                hint=f"set {DATABASE}=postgresql://HOST/NAME",
            )
        return place

    @property
    def history(self) -> Place | None:
        """Give where scans are recorded, None for nowhere."""
        text = self.judge.get("history")
        return read_place(str(text)) if text else None

    def stored(self) -> Any:
        """Give it as the ledger keeps it: without the address of the ledger itself."""
        return msgspec.to_builtins(msgspec.structs.replace(self, database=""))


def read_config(path: Path) -> FleetConfig:
    """Read a configuration.

    Raises:
        MlsecError: it cannot be read; a key or value is unknown, missing or of another type.
    """
    try:
        text = read_named_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it is not UTF-8"
        raise MlsecError(
            f"the configuration cannot be read: {reason}", location=str(path)
        ) from None
    document = parse(text, str(path))
    return config_of(document.value, document)


def config_of(value: Any, document: Document | None = None) -> FleetConfig:
    """Give a configuration that was parsed before, such as one that the ledger kept.

    Raises:
        MlsecError: as ``read_config``.
    """
    try:
        config = msgspec.convert(value, FleetConfig)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), document) from None
    for number, target in enumerate(config.targets):
        _check(target, number, document)
    _check_secrets(config, document)
    names = [owner.name for owner in config.owners]
    if len(set(names)) < len(names):
        raise MlsecError("two owners have one name", location=_where(document, ("owners",)))
    return config


def salt_of_organisation() -> str:
    """Give the secret salt by which masked values match between shards and nights.

    Raises:
        MlsecError: the variable is not set, or too short to be a secret.
    """
    salt = os.environ.get(SALT, "")
    if len(salt) < _SALT_CHARS:
        raise MlsecError(
            f"{SALT} must hold a secret of at least {_SALT_CHARS} characters",
            hint="make one once for the organisation (openssl rand -hex 32) and give it to every"
            " worker: equal secrets are then recognised without being kept",
        )
    return salt


def lane_slots(config: FleetConfig, lane: str) -> int:
    """Give how many units of a lane run at once: by its name, else by its kind."""
    kind = lane.partition("/")[0]
    return config.lanes.get(lane) or config.lanes.get(kind) or DEFAULT_SLOTS.get(kind, 1)


def _check(target: Target, number: int, document: Document | None) -> None:
    kind, scheme = provider_of(target.target), scheme_of(target.target)
    applies = {
        "aws-profile": kind == "aws", "role-arn": kind == "aws", "external-id": kind == "aws",
        "organisation": kind in ("aws", "azure", "gcp"), "configmaps": kind == "kubernetes",
        "contexts": kind == "kubernetes", "repositories": kind == "files" and not scheme,
        "exclude": kind == "files" and not scheme, "split": kind == "files" and bool(scheme),
        "probe-private": kind == "probe",
    }  # fmt: skip
    for option, is_right in applies.items():
        if getattr(target, option.replace("-", "_")) and not is_right:
            raise MlsecError(
                f'"{option}" does not apply to {target.target}',
                location=_where(document, ("targets", number, option)),
            )


def _check_secrets(config: FleetConfig, document: Document | None) -> None:
    """Refuse what the ledger must not keep: every worker can read a scan's configuration."""
    place = config.history
    has_password = isinstance(place, DatabaseUrl) and bool(place.secrets)
    for name, is_secret in (("history", has_password), ("notify", "notify" in config.judge)):
        if is_secret:
            raise MlsecError(
                f'"{name}" holds a secret here, and every worker can read a scan\'s configuration',
                hint=f"leave it out, and set MLSEC_{name.upper()} where mlsec fleet run is started",
                location=_where(document, ("judge", name)),
            )


def _mistake(text: str, document: Document | None) -> MlsecError:
    message, _, place = text.partition(" - at `$")
    path = tuple(
        int(index) if index else name
        for name, index in _STEP.findall(place.rstrip("`"))
        if name or index
    )
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        name = unknown[1]
        inside: dict[str, type[msgspec.Struct]] = {"targets": Target, "owners": Owner}
        known = msgspec.structs.fields(inside.get(str(path[0]) if path else "", FleetConfig))
        message = f'unknown key "{name}"{did_you_mean(name, [f.encode_name for f in known])}'
        path = (*path, name)
    return MlsecError(message, location=_where(document, path))


def _where(document: Document | None, path: tuple[str | int, ...]) -> str:
    return document.where(*path) if document is not None else "the fleet's configuration"

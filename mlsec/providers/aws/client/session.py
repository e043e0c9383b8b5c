"""Who we are and where to look: credentials, accounts and enabled regions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.exceptions as failures
import botocore.session
import msgspec
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    RefreshableCredentials,
)

from mlsec.collect.client.metered_botocore import meter_client
from mlsec.core.errors import MlsecError
from mlsec.core.named_file import read_named_text
from mlsec.core.sanitize import visible

_HOMES = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
_REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")


class AwsTarget(msgspec.Struct, frozen=True, kw_only=True):
    """``aws[://account[/region,...]]`` taken apart; empty means "whatever the credentials say"."""

    account: str = ""
    regions: tuple[str, ...] = ()


class SignedInIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credentials these are."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return self.arn.split(":")[1] if self.arn.count(":") >= 5 else "aws"

    @property
    def home(self) -> str:
        """The region where global services of this partition are asked."""
        return _HOMES.get(self.partition, "us-east-1")

    @property
    def scope(self) -> str:
        """The scope's name in everything that is written."""
        return f"aws/{self.account}"


def parse_target(text: str) -> AwsTarget:
    """Take a target apart.

    Raises:
        MlsecError: not ``aws[://account[/region,...]]``.
    """
    if text in ("aws", "aws://"):
        return AwsTarget()
    body = text.removeprefix("aws://")
    account, _, regions = body.partition("/")
    names = tuple(name.strip() for name in regions.split(",") if name.strip())
    if body == text or (account and not re.fullmatch(r"\d{12}", account)):
        raise MlsecError(
            f'"{visible(text, 80)}" is not an AWS target',
            hint="aws, aws://111122223333 or aws://111122223333/eu-west-1,eu-central-1",
        )
    for name in names:
        check_region(name)
    return AwsTarget(account=account, regions=names)


def check_region(name: str) -> None:
    """Refuse what cannot be a region's name."""
    if not _REGION.match(name):
        raise MlsecError(
            f'unknown region "{visible(name, 40)}"', hint="a name such as eu-central-1"
        )


def open_session(profile: str = "") -> botocore.session.Session:
    """Open a session from the profile, the environment or the machine's role.

    Raises:
        MlsecError: an unknown profile or a credentials file that cannot be read.
    """
    _check_files()
    try:
        session = botocore.session.Session(profile=profile or None)
        session.get_config_variable("region")
        credentials = session.get_credentials()
    except failures.ProfileNotFound as error:
        known = ", ".join(_profiles()) or "none"
        raise MlsecError(str(error), hint=f"known profiles: {known}") from None
    except (failures.ConfigParseError, UnicodeDecodeError) as error:
        raise MlsecError(f"the AWS configuration cannot be read: {error}") from None
    except failures.BotoCoreError as error:
        raise MlsecError(f"no AWS credentials: {visible(str(error), 200)}") from None
    if credentials is None:
        raise MlsecError(
            "no AWS credentials were found",
            hint="set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run where a role is attached",
        )
    return session


def session_of(
    credentials: Mapping[str, Any], renew: Callable[[], Mapping[str, Any]]
) -> botocore.session.Session:
    """Open a session for the temporary credentials of an assumed role.

    Args:
        credentials: as ``AssumeRole`` gives them.
        renew: assumes the role again; called before they expire, so that a long scan goes on.
    """
    session = botocore.session.Session()
    renewed = RefreshableCredentials.create_from_metadata(
        _metadata(credentials), lambda: _metadata(renew()), _AssumedRole.METHOD
    )
    session.register_component("credential_provider", CredentialResolver([_AssumedRole(renewed)]))
    return session


class _AssumedRole(CredentialProvider):
    """The one place where a session looks for credentials."""

    METHOD = "assume-role"

    def __init__(self, credentials: RefreshableCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> RefreshableCredentials:
        """Give the credentials of the role."""
        return self._credentials


def _metadata(credentials: Mapping[str, Any]) -> dict[str, str]:
    expires = credentials["Expiration"]
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": expires if isinstance(expires, str) else expires.isoformat(),
    }


def identify(session: botocore.session.Session, config: Any) -> SignedInIdentity:
    """Ask whose credentials these are.

    Raises:
        MlsecError: they are wrong or expired, or the endpoint cannot be reached.
    """
    region = session.get_config_variable("region") or "us-east-1"
    check_region(region)
    try:
        client = meter_client(session.create_client("sts", region_name=region, config=config))
        caller = client.get_caller_identity()
        return SignedInIdentity(account=caller["Account"], arn=caller["Arn"])
    except failures.ClientError as error:
        code = visible(str(error.response.get("Error", {}).get("Code", "")), 60)
        raise MlsecError(
            f"AWS refuses these credentials: {code}",
            hint="log in again (aws sso login), check AWS_PROFILE and this machine's clock",
        ) from None
    except ValueError as error:
        raise MlsecError(
            f"AWS cannot be asked who we are: {visible(str(error), 200)}",
            hint="an endpoint is an address such as https://host:port; check AWS_ENDPOINT_URL",
        ) from None
    except (failures.BotoCoreError, KeyError) as error:
        raise MlsecError(f"AWS cannot be asked who we are: {visible(str(error), 200)}") from None


def _profiles() -> list[str]:
    try:
        return sorted(botocore.session.Session().available_profiles)
    except failures.BotoCoreError:
        return []


def _check_files() -> None:
    """Refuse a file that is there and cannot be read; botocore would take it for absent."""
    for variable, usual in (
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        ("AWS_CONFIG_FILE", "~/.aws/config"),
    ):
        path = Path(os.path.expanduser(os.environ.get(variable, usual)))  # noqa: PTH111 - a user may have no home
        if not path.exists() or str(path) == os.devnull:  # the usual way to have none
            continue
        try:
            read_named_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise MlsecError(f"the AWS file {path} cannot be read: {reason}") from None

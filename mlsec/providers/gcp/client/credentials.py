"""Who asks: application default credentials, as google-auth finds them."""

from __future__ import annotations

from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
import msgspec
import requests

from mlsec.collect.client.metered_requests import make_metered
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_LOG_IN = (
    "gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS to the file of a"
    " service account or of a workload identity federation, or run where a service account is"
    " attached"
)


class SignedInIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credentials these are; ``project`` is the one they bring along, or ""."""

    principal: str
    project: str
    session: Any


def open_session(in_flight: int) -> SignedInIdentity:
    """Find credentials (user, service account, impersonated, federated, attached) and try them.

    Raises:
        MlsecError: there are none, or they give no token.
    """
    try:
        credentials: Any
        credentials, project = google.auth.default(scopes=_SCOPES)
        transport: Any = google.auth.transport.requests
        with make_metered(requests.Session()) as once:
            credentials.refresh(transport.Request(once))
    except google.auth.exceptions.DefaultCredentialsError as error:
        first = visible(str(error).partition("\n")[0], 200)
        raise MlsecError(f"no Google Cloud credentials: {first}", hint=_LOG_IN) from None
    except google.auth.exceptions.RefreshError as error:
        raise MlsecError(
            f"Google Cloud refuses these credentials: {visible(_first(error), 200)}",
            hint="gcloud auth application-default login, and check this machine's clock",
        ) from None
    except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as error:
        raise MlsecError(
            f"the Google Cloud credentials cannot be used: {visible(_first(error), 200)}",
            hint=_LOG_IN,
        ) from None
    session = make_metered(transport.AuthorizedSession(credentials), max(in_flight, 10))
    return SignedInIdentity(
        principal=_principal(credentials), project=project or "", session=session
    )


def _principal(credentials: Any) -> str:
    """Name who the credentials are of, as far as they say."""
    for name in ("service_account_email", "signer_email", "account"):
        value = getattr(credentials, name, "")
        if isinstance(value, str) and value and value != "default":
            return value
    return f"{type(credentials).__module__}".rpartition(".")[2].strip("_") + " credentials"


def _first(error: BaseException) -> str:
    """Give what was said first: the others are the whole answer again."""
    return str(error.args[0] if error.args else error).partition("\n")[0]

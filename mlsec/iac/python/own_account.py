"""What every program may ask of the account that it runs in: its number, region and bucket."""

from __future__ import annotations

from typing import Any

from mlsec.collect.python.call import Call, CallResult
from mlsec.collect.python.texts import options_of
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, CODE_REGION

_IDENTITY = ".get_caller_identity"
_REGIONS = (".region_name", ".boto_region_name", "._region_name")
# Where the SDK of SageMaker puts what is given no bucket.
DEFAULT_BUCKET = f"sagemaker-{CODE_REGION}-{CODE_ACCOUNT}"


def own_account(result: CallResult) -> Any:
    """Give what stands for what a call says of the own account; None for every other call."""
    name, path = result.call.name, result.path
    if name.endswith(_IDENTITY) and path == '["Account"]':
        return CODE_ACCOUNT
    if name.endswith(f"{_IDENTITY}().get") and not path and result.call.args:
        return CODE_ACCOUNT if result.call.args[0].value == "Account" else None
    is_session = name.startswith(("boto3", "sagemaker"))
    if is_session and path.endswith(_REGIONS):
        return CODE_REGION
    if name.endswith(".account_id") and name.startswith("sagemaker") and not path:
        return CODE_ACCOUNT
    if name.endswith(".default_bucket") and name.startswith("sagemaker") and not path:
        return bucket_of(result.call.on)
    return None


def bucket_of(session: Call | None) -> Any:
    """Give the bucket that a session of SageMaker uses where a call names none."""
    given = session.argument("default_bucket") if session is not None else None
    if given is None:
        return DEFAULT_BUCKET
    names = {option.value or DEFAULT_BUCKET for option in options_of(given)}
    is_known = len(names) == 1 and not getattr(given.value, "is_open", False)
    return names.pop() if is_known else given.value

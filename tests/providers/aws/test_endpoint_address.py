"""An endpoint that is not an address is bad input, said in one sentence."""

from __future__ import annotations

import pytest
from botocore.config import Config

from mlsec.core.errors import MlsecError
from mlsec.providers.aws.client.session import identify, open_session


def test_an_endpoint_that_is_no_address_is_refused_and_not_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(MlsecError, match="Invalid endpoint: nonsense") as refused:
        identify(open_session(), Config())
    assert "AWS_ENDPOINT_URL" in refused.value.hint

"""The clients of an account share its connections; test_transport.py says whom these trust."""

from __future__ import annotations

import botocore.exceptions as failures
import pytest

from mlsec.providers.aws.client.clients import Clients
from tests.estate.private_ca import private_authority
from tests.estate.wire import Answer, LoopbackServer, Request
from tests.providers.aws.test_lines import SCOPE, new_clients, set_addresses


async def _no_keys(request: Request) -> Answer:
    del request
    return Answer(status=200, body=b'{"Keys": []}')


def _ask(clients: Clients, region: str) -> None:
    place = (SCOPE, region, "kms")
    model = clients.client(*place).meta.service_model.operation_model("ListKeys")
    assert clients.ask(place, model, {})["Keys"] == []


def test_a_bundle_that_is_not_there_is_said_when_something_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = LoopbackServer(_no_keys, private_authority().server).start()
    try:
        set_addresses(monkeypatch, server.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem")
        clients = new_clients()
        clients.client(SCOPE, "eu-west-1", "kms")
        with pytest.raises(failures.SSLError, match="No such file or directory"):
            _ask(clients, "eu-west-1")
    finally:
        server.stop()


def test_a_proxy_has_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    set_addresses(monkeypatch, "")
    clients = new_clients()
    first, second = (
        clients.client(SCOPE, *place)._endpoint.http_session
        for place in (("eu-west-1", "kms"), ("us-east-1", "ecr"))
    )
    assert first is second
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    third = clients.client(SCOPE, "us-east-2", "kms")._endpoint.http_session
    assert third is not first
    assert third._proxy_config.proxy_url_for("https://kms.us-east-2.amazonaws.com")

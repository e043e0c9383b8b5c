"""A role's credentials are renewed before they expire, in the middle of a collection."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config

from mlsec.providers.aws.client.session import identify, session_of

_ANSWERS = {
    "AssumeRole": """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleResult><Credentials><AccessKeyId>KEY{number}</AccessKeyId>
      <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
      <Expiration>{expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>""",
    "GetCallerIdentity": """<GetCallerIdentityResponse
      xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
      <Arn>arn:aws:sts::111122223333:assumed-role/{key}/mlsec</Arn><UserId>u</UserId>
      <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>""",
}


class Sts(ThreadingHTTPServer):
    """Gives out keys by number, each valid for the next of ``valid_s`` seconds; then refuses."""

    def __init__(self, *valid_s: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.valid_s, self.given = list(valid_s), 0


class _Handler(BaseHTTPRequestHandler):
    server: Sts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        [action] = re.findall(r"Action=(\w+)", body)
        key = "".join(re.findall(r"Credential=(\w+)/", self.headers["Authorization"]))
        if action == "AssumeRole" and self.server.given == len(self.server.valid_s):
            self.send_response(403)
            self.end_headers()
            self.wfile.write(
                b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            )
            return
        expires = ""
        if action == "AssumeRole":
            valid = datetime.timedelta(seconds=self.server.valid_s[self.server.given])
            expires = (datetime.datetime.now(datetime.UTC) + valid).isoformat()
            self.server.given += 1
        self.send_response(200)
        self.end_headers()
        text = _ANSWERS[action].format(number=self.server.given, expires=expires, key=key)
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start an STS, and give a function that signs in to a role through it."""
    servers = []

    def assume(session: botocore.session.Session) -> Any:
        client: Any = session.create_client("sts", region_name="us-east-1")
        role = "arn:aws:iam::111122223333:role/scan"
        return client.assume_role(RoleArn=role, RoleSessionName="mlsec")["Credentials"]

    def sign_in(*valid_s: int) -> tuple[Sts, botocore.session.Session]:
        server = Sts(*valid_s)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        own = botocore.session.Session()
        own.set_credentials("OWN", "s", "t")
        renew = functools.partial(assume, own)
        return server, session_of(renew(), renew)

    yield sign_in
    for server in servers:
        server.shutdown()
        server.server_close()


def test_credentials_that_last_are_used_again(base: Any) -> None:
    server, session = base(3_600)
    for _ in range(3):
        assert identify(session, Config()).arn.split("/")[1] == "KEY1"
    assert server.given == 1


def test_credentials_are_renewed_before_they_expire(base: Any) -> None:
    server, session = base(30, 3_600)
    for _ in range(3):
        assert identify(session, Config()).arn.split("/")[1] == "KEY2"
    assert server.given == 2


def test_role_that_is_refused_later_is_an_error_that_says_so(base: Any) -> None:
    _, session = base(0)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        session.create_client("sts", region_name="us-east-1").get_caller_identity()

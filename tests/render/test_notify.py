"""One message to one receiver: what it says, to whom it goes, and what a failure gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator

import hostile
import msgspec
import pytest
import samples

from mlsec.core.assessment import Assessment
from mlsec.core.cause import own_cause
from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.notify.address import read_address
from mlsec.notify.message import Message, compose
from mlsec.notify.send import check_receiver, send
from tests.notify.receivers import Mailbox, Webhook, mailbox, webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def mails() -> Iterator[Mailbox]:
    with mailbox() as server:
        yield server


def message_about(assessment: Assessment, count: int = 2) -> Message:
    failures = [item for item in assessment.findings if item.status is Status.FAIL]
    failures = [item for item in failures if item.waiver is None]
    causes = tuple(map(own_cause, failures))
    assessment = msgspec.structs.replace(assessment, causes=causes)
    message = compose(assessment, {item.fingerprint for item in failures[:count]})
    assert message is not None
    return message


def test_a_webhook_gets_the_causes_and_their_new_findings(hook: Webhook) -> None:
    message = message_about(samples.rich())
    send(read_address(hook.url), message)
    [document] = hook.got
    assert document["schema"] == "mlsec/notification/1"
    assert len(document["causes"]) == 2
    assert sum(len(cause["new_findings"]) for cause in document["causes"]) == 2
    assert hook.headers[0]["Idempotency-Key"] == message.key == document["key"]


def test_a_mail_server_gets_one_mail(mails: Mailbox) -> None:
    message = message_about(samples.rich())
    send(read_address(mails.url), message)
    [mail] = mails.got
    assert mail["Subject"] == message.title
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert " ".join(message.body.split()) in text


def test_a_receiver_that_is_busy_is_asked_again(hook: Webhook) -> None:
    hook.answers = [503, 429]
    send(read_address(hook.url), message_about(samples.rich()))
    assert len(hook.got) == 1


def test_a_redirect_is_not_followed(hook: Webhook) -> None:
    with webhook() as other:
        hook.answers, hook.location = [307], other.url
        with pytest.raises(MlsecError, match="it answered 307"):
            send(read_address(hook.url), message_about(samples.rich()))
        assert other.got == []


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:1/hook/hush-hush", "json://127.0.0.1:1/hush-hush"]
)
def test_a_failure_does_not_show_the_token_of_an_address(text: str) -> None:
    with pytest.raises(MlsecError) as caught:
        send(read_address(text), message_about(samples.rich()))
    said = f"{caught.value.message} {caught.value.hint} {caught.value.location}"
    assert "was not delivered" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hooks.slack.com/hush-hush", "no scheme"),
        ("https:///hush-hush", "no host"),
        ("nosuchservice://hush-hush", "unknown"),
        ("slack://hush-hush", "not complete"),
    ],
)
def test_an_address_that_cannot_work_is_refused_before_the_scan(text: str, says: str) -> None:
    with pytest.raises(MlsecError, match=says) as caught:
        check_receiver(read_address(text))
    assert "hush" not in caught.value.message


def test_names_can_neither_mention_link_nor_format(hook: Webhook) -> None:
    message = message_about(hostile.hostile(), count=100)
    for text in (message.title, message.body):
        assert not set("<>@`*|") & set(text)
        assert not re.search(r"(?i)https?://|www\.", text)
    send(read_address(hook.url), message)
    assert hook.got[0]["title"] == message.title


def test_nothing_new_is_no_message() -> None:
    assert compose(samples.rich(), set()) is None
    assert compose(samples.clean(), {"0" * 32}) is None

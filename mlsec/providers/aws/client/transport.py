"""One request to AWS through its SDK, and what its answer or its failure means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationNotFoundError

from mlsec.collect.client.paged_client import Page
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.collect.walk.plan import Operation
from mlsec.core.enums import GapReason
from mlsec.providers.aws.client.classify import is_page_token_error, trouble_of
from mlsec.providers.aws.client.clients import Clients
from mlsec.providers.aws.client.pages import Paging
from mlsec.providers.aws.client.response_check import check_required, fills_empty, plain
from mlsec.snapshot.records import Call, canonical


class AwsTransport:
    """Sends requests; remembers which services have no host in which region."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._absent: set[tuple[str, str, str]] = set()

    def is_absent(self, call: Call) -> bool:
        """Whether the service was found to have no host in the region."""
        return _place(call) in self._absent

    def unknown(self, call: Call) -> CallFailure | None:
        """Say why nothing can be asked: an SDK too old for the service or the operation."""
        try:
            self._model(call)
        except (BotoCoreError, OperationNotFoundError, AttributeError) as error:
            return msgspec.structs.replace(trouble_of(error), reason=GapReason.UNSUPPORTED)
        return None

    def send(
        self, call: Call, operation: Operation, params: Mapping[str, Any], token: str
    ) -> Page | CallFailure:
        """Ask for one page; ``token`` holds the parameters of the next page as JSON."""
        model = self._model(call)
        config = self._clients.paginator(call.scope, call.service, call.operation)
        paging = Paging(config, model, operation.items)
        more = msgspec.json.decode(token) if token else {}
        answer = self._answer(call, model, {**paging.first(params), **more})
        if not isinstance(answer, CallFailure):
            following = paging.following(answer)
            return Page(
                document=paging.without_tokens(
                    answer, fills_empty=fills_empty(model.service_model)
                ),
                token=canonical(following).decode() if following else "",
                lists=paging.lists,
            )
        if answer.is_unreachable and self._is_unlisted(call):
            # Neither a host nor an entry in the endpoint data: not offered here.
            self._absent.add(_place(call))
            return Page(is_offered=False)
        if token and is_page_token_error(answer.code):
            return msgspec.structs.replace(answer, is_stale_page=True)
        return answer

    def _model(self, call: Call) -> Any:
        client = self._clients.client(*_place(call))
        model = client.meta.service_model.operation_model(call.operation)
        getattr(client, xform_name(call.operation))
        return model

    def _answer(
        self, call: Call, model: Any, params: dict[str, Any]
    ) -> dict[str, Any] | CallFailure:
        try:
            answer = self._clients.ask(_place(call), model, params)
            answer.pop("ResponseMetadata", None)
            check_required(model.output_shape, answer)
            return plain(answer)  # type: ignore[no-any-return]
        except (BotoCoreError, ClientError) as error:
            return trouble_of(error)

    def _is_unlisted(self, call: Call) -> bool:
        regions = self._clients.regions_of(call.scope, call.service, "aws")
        return bool(regions) and call.region not in regions


def _place(call: Call) -> tuple[str, str, str]:
    return call.scope, call.region, call.service

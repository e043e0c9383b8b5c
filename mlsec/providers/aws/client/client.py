"""The client that asks AWS through its SDK."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.client.paged_client import PagedClient
from mlsec.collect.client.recording_client import Attempted, Redact
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.client import Request
from mlsec.collect.walk.plan import Operation
from mlsec.providers.aws.client.clients import Clients
from mlsec.providers.aws.client.transport import AwsTransport
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot


class AwsClient(PagedClient):
    """Asks AWS: sessions per account, clients per region and service."""

    def __init__(
        self,
        clients: Clients,
        snapshot: Snapshot,
        table: Mapping[str, Operation],
        redact: Redact,
        settings: LiveSettings,
    ) -> None:
        self.clients = clients
        self._aws = AwsTransport(clients)
        super().__init__(self._aws, snapshot, table, redact, settings)

    def attempt(self, request: Request, call: Call) -> Attempted:
        """Make one call; nothing is asked of a service that the region or the SDK does not have."""
        if self.hopeless(call) is None:
            if self._aws.is_absent(call):
                return Attempted(trouble=None, is_offered=False)
            failure = self._aws.unknown(call)
            if failure is not None:
                return Attempted(trouble=failure)
        return super().attempt(request, call)

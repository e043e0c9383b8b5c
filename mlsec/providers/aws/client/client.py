"""The client that asks AWS through its SDK."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.client.recording_client import Attempted, RecordingClient, Redact
from mlsec.collect.settings import LiveSettings
from mlsec.collect.walk.client import Request
from mlsec.collect.walk.plan import Operation
from mlsec.providers.aws.client.attempt import Attempt
from mlsec.providers.aws.client.clients import Clients
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot


class AwsClient(RecordingClient):
    """Asks AWS: sessions per account, clients per region and service."""

    def __init__(
        self,
        clients: Clients,
        snapshot: Snapshot,
        table: Mapping[str, Operation],
        redact: Redact,
        settings: LiveSettings,
    ) -> None:
        super().__init__(snapshot, table, redact, settings)
        self.clients = clients
        self._absent: set[tuple[str, str, str]] = set()

    def attempt(self, request: Request, call: Call) -> Attempted:
        """Make one call with its pages and retries."""
        attempt = Attempt(self, request, call)
        trouble = attempt.run()
        pager = attempt.pager
        return Attempted(
            trouble=trouble,
            document=pager.merged() if pager is not None and pager.document is not None else None,
            count=attempt.count,
            is_offered=attempt.is_offered,
        )

    def note_absent(self, call: Call) -> None:
        """Remember that this service has no host in this region."""
        self._absent.add((call.scope, call.region, call.service))

    def is_absent(self, call: Call) -> bool:
        """Whether this service was found to have no host in the region."""
        return (call.scope, call.region, call.service) in self._absent

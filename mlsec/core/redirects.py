"""Asks only the address that was named: a redirect to another is not followed."""

from __future__ import annotations

import urllib.request


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A handler for ``build_opener`` by which a redirect is an HTTPError of its status."""

    def redirect_request(self, *_: object) -> None:
        """Refuse to follow."""

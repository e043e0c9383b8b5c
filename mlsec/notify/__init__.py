"""Tells people what is new after a scan: by a webhook, or by any service that Apprise knows."""

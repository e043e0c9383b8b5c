"""Facts that are derived from several resources of Google Cloud."""

"""Facts that are derived from several resources of Kubernetes."""

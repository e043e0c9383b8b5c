"""Google Cloud from target to snapshot, and from snapshot to inventory."""

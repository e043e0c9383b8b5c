"""Random resource policies, and an independent simulator that says whom they let in."""

"""One invented company with planted faults and known verdicts, behind loopback cloud servers."""

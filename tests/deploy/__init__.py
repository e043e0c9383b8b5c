"""What is shipped to run mlsec on a schedule: the Helm chart, the systemd units, CI files."""

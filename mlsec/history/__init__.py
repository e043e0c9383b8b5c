"""What changed between scans."""

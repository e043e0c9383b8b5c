"""What the evidence on disk must withstand."""

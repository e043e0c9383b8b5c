"""What bytes and texts of any format may hold."""

"""Other systems than Linux, as far as a Linux can stand in for them."""

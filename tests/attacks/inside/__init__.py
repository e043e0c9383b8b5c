"""What native code in a reading process tries: run as programs by ``test_sandbox``."""

"""An organisation scanned by many workers: a ledger of units in PostgreSQL, engines to run them."""

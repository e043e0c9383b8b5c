"""The server products that are recognised by their answers."""

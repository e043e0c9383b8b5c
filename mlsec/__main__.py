"""``python -m mlsec``."""

from mlsec.cli.main import program

if __name__ == "__main__":
    program()

"""The pickle machine: opcodes, stack, memo, values, and the skip over plain data."""

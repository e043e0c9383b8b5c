"""The fast pass: generated code that proves passes."""

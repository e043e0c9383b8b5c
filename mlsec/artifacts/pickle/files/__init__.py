"""What a file of pickles is made of: streams, raw arrays between them, and how it is recognised."""

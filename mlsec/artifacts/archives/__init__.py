"""Archives and compressed streams: members, headers, decoders."""

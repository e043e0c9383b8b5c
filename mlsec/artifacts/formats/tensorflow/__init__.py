"""Reads TensorFlow graphs: SavedModel, MetaGraph and GraphDef, binary and as text."""

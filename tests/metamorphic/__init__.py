"""Properties of a whole scan that hold whatever it is shown: how a change may change its answer."""

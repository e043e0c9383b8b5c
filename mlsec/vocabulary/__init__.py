"""The contract between collectors and rules: types, properties and where each value comes from."""

"""The operator's settings: types, validation, and the parts that are built from them."""

"""Hypothesis profiles of the unit tests."""

from hypothesis import settings

# A busy machine is no reason to fail; bench/ measures how fast something is.
settings.register_profile("unit", deadline=None)
# `make test-fast` searches less deeply than `make test`.
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile("unit")

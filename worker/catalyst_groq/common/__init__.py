"""Utilities for every layer: backoff, JSON codec, transport, optional dependencies."""

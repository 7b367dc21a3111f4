"""Outages of the parts that a worker depends on, and where an operator sees each."""

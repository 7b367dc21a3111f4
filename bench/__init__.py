"""Benchmark: this worker, other external-task clients and bare loops do the same work in one run.

`make bench` measures and writes RESULTS.md. The package does not ship this folder.
"""

"""Side by side: this worker, other external-task clients and bare loops, all at the same work in one run.

`make bench` measures and writes RESULTS.md. Nothing here is shipped.
"""

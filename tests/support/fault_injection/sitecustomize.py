"""Python imports this module at start where its folder is on PYTHONPATH: a wrong clock or a full disk."""

import os
import resource
import time

if offset := os.environ.get("CLOCK_OFFSET_SECONDS"):
    right_time, seconds = time.time, float(offset)
    time.time = lambda: right_time() + seconds

if limit := os.environ.get("MAX_FILE_BYTES"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))

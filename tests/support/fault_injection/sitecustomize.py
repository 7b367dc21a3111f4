"""Python runs this first where this folder is on its path: a wrong clock and a full disk for a whole process."""

import os
import resource
import time

if off_by := os.environ.get("CLOCK_OFF_BY"):
    right = time.time
    time.time = lambda: right() + float(off_by)

if longest := os.environ.get("LONGEST_FILE"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(longest), int(longest)))

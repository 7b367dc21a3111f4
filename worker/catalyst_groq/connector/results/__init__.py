"""From a call result to the task's outcome."""

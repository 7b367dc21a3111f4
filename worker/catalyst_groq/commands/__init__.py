"""What the command line does beside `run`."""

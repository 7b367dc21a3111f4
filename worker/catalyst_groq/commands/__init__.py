"""What the command line does besides `run`."""

"""What a task may reach: secrets and URLs."""

"""What a task may use: secrets (API keys) and URLs."""

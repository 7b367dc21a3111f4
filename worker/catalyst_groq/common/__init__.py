"""What every layer may use: backoff, JSON codec, transport, optional dependencies."""

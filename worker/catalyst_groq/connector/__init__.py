"""Application service: turns one task into one outcome."""

"""The rate limiter: a FIFO queue and leaky buckets for each account and model."""

"""The router: endpoints, failover, circuit breakers, retries, retired models."""

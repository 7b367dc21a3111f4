"""What operators monitor: health probes, logs and metrics."""

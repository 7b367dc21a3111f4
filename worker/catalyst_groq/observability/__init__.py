"""What operators look at: logging and redaction."""

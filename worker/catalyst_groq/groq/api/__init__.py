"""Groq's HTTP API: requests, responses, errors, streaming."""

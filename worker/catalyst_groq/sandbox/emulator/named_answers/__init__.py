"""Answers by name: what models, Groq, other servers and networks send instead of a plain answer."""

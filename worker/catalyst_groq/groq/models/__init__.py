"""Groq's models: catalog, pricing, token estimate."""

"""A real engine and a Groq stand-in on your laptop, and the demo that puts them together."""

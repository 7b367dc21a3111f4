"""A real engine and a Groq emulator on your laptop, and the demo that puts them together."""

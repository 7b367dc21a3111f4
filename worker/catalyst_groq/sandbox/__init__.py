"""A real engine and a Groq emulator for a laptop, and the demo that connects them."""

"""`catalyst-groq render`: the request of one task as it would be sent, and what becomes of an answer to it."""

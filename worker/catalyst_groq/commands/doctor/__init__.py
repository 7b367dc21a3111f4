"""`catalyst-groq doctor`: checks a set-up, and names the fix of each fault."""

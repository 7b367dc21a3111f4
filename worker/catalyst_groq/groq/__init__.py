"""Everything that speaks Groq: client, answers, errors, models."""

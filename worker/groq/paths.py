"""Where things are, below the base URL of Groq's API."""

CHAT = "/chat/completions"
TRANSCRIPTIONS = "/audio/transcriptions"
TRANSLATIONS = "/audio/translations"
MODELS = "/models"

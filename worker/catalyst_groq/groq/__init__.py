"""The outbound adapter: the Groq API, its models, its rate limits, and the routing of requests."""

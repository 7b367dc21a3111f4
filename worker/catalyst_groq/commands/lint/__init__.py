"""`catalyst-groq lint`: finds mistakes in diagrams before a process runs. Pure but for the reading of files."""

"""`python -m catalyst_groq` is `catalyst-groq`."""

from catalyst_groq.cli import main

main()

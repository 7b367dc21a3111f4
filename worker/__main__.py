"""`python -m worker` is `catalyst-groq`."""

from worker.cli import main

main()

"""The worker under cProfile: `python -m bench.profiled FILE run`. Measures CPU time, without idle time and startup."""

import cProfile
import sys
import time
from collections.abc import Mapping
from unittest.mock import patch

from catalyst_groq import app, cli
from catalyst_groq.config.settings import Settings
from catalyst_groq.domain.redaction import Redactor


def main(file: str) -> None:
    """Run the command line. Writes the profile to `file` when the worker ends."""
    run_worker, profile = app.run_worker, cProfile.Profile(time.process_time)

    async def run_profiled(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> None:
        profile.enable()
        try:
            await run_worker(settings, environ, redactor)
        finally:
            profile.disable()
            profile.dump_stats(file)

    with patch("catalyst_groq.app.run_worker", run_profiled):
        cli.main()


if __name__ == "__main__":
    main(sys.argv.pop(1))

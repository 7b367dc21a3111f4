"""The worker under cProfile: `python -m bench.profiled FILE run`. Idle time counts nothing, nor does the start."""

import cProfile
import sys
import time
from collections.abc import Mapping
from unittest.mock import patch

from catalyst_groq import app, cli
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.redaction import Redactor


def main(file: str) -> None:
    """Run the command line; when the worker ends, write what was measured."""
    run_worker, profile = app.run_worker, cProfile.Profile(time.process_time)

    async def profiled(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> None:
        profile.enable()
        try:
            await run_worker(settings, environ, redactor)
        finally:
            profile.disable()
            profile.dump_stats(file)

    with patch("catalyst_groq.app.run_worker", profiled):
        cli.main()


if __name__ == "__main__":
    main(sys.argv.pop(1))

"""A `BoundedExecutor` without a process, for tests of what runs in it."""

import asyncio
import pickle

from catalyst_groq.common.bounded_execution import InterruptedCallError, decode_result
from catalyst_groq.common.bounded_process import call


class InlineExecutor:
    """Calls functions at once, without bounds on time and memory. Arguments and results are pickled as for a process.

    `functions` are the names of those that it has called.
    """

    def __init__(self):
        self.functions = []

    async def run(self, function, *args):
        self.functions.append(function.__name__)
        pickled = pickle.dumps((function, args))
        return decode_result(*call(*pickle.loads(pickled)))  # noqa: S301 -- just pickled


class SlowExecutor(InlineExecutor):
    """Lets other tasks run before each function; its first call is interrupted."""

    async def run(self, function, *args):
        await asyncio.sleep(0)
        result = await super().run(function, *args)
        if len(self.functions) == 1:
            raise InterruptedCallError("killed")
        return result

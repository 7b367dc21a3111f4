"""A `BoundedExecutor` without a process, for tests of what runs in it."""

import pickle

from catalyst_groq.common.bounded_execution import decode_result
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

"""A `BoundedExecutor` without a process and without bounds, for tests of what runs in it."""


class InlineExecutor:
    """Calls functions at once; `functions` are the names of those it has called."""

    def __init__(self):
        self.functions = []

    async def run(self, function, *args):
        self.functions.append(function.__name__)
        return function(*args)

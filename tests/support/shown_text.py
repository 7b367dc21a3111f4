"""What views print, and a mask for the key in it."""

import io

from rich.console import Console

KEY = "gsk_0123456789abcdefghij"


def mask(text):
    return text.replace(KEY, "***")


def show(function, *arguments, **options):
    """Return what a view prints to a console with these options; without any, to a pipe."""
    out = io.StringIO()
    function(Console(file=out, width=500, **options), *arguments)
    return out.getvalue()

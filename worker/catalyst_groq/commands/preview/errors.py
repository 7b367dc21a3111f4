"""Wrong usage of `catalyst-groq render`."""

from catalyst_groq.errors import CatalystError


class PreviewError(CatalystError):
    """The task cannot be previewed as it is asked for; the message names the remedy."""

"""Classes of HTTP statuses (RFC 9110, 15)."""

SUCCESS_STATUSES = range(200, 300)
"""Before Python 3.12 each access to a member of `HTTPStatus` is a call of a function in Python."""

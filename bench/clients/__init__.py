"""The contenders, a program each; all read the same environment variables and do the same work."""

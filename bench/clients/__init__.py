"""The clients under test, one program each. All read the same environment variables and do the same work."""

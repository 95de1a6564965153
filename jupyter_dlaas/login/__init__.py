"""Logins of a Jupyter server: one session per instance, whichever way one logged in."""

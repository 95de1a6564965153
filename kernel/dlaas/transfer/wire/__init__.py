"""Connections to storages: logins, routes, ranges, and files over https and root://."""

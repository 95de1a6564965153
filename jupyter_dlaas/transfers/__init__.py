"""Uploads and downloads that the server runs: orders, progress, and what is kept on disk."""

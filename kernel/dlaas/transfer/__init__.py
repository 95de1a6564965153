"""Bytes between this machine and a storage: verified, and nothing half-done left behind."""

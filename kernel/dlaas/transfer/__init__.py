"""Bytes between this machine and a storage: verified TLS, one pass for checksums, nothing half-done
left behind.
"""

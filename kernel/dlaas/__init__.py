"""A DID of a data lake is a file that you can open."""

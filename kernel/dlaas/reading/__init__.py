"""How the bytes of a DID are reached: ways ranked, then read from a mount, over https or root://."""

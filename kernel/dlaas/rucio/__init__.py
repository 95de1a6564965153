"""How we talk to Rucio: one client, its connection, its answers and errors in our words."""

"""What runs beside Rucio, in the lake's private environment: this folder is its whole PYTHONPATH."""

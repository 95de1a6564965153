"""What runs in the lake's private environment: this folder is its whole PYTHONPATH."""

"""Synthetic events with the schema of the 2020 ATLAS Open Data release for education.

Made by us from textbook kinematics, not by a detector: they teach how an analysis is done, nothing
about nature.
"""

"""Keeps count of the sequence reads of a laboratory on an Agave tenant."""

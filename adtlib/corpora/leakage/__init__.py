"""Recordings that splits or corpora share, found by their sound and their rhythm."""

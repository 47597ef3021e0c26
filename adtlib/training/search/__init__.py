"""Searching for hyperparameters (thesis 5.3)."""

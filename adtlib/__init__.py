"""Automatic drum transcription: what the notebooks of this project are made of."""

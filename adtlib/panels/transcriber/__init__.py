"""The panel of notebook 80: transcribe a recording, correct it, save it."""

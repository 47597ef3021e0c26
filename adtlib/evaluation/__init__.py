"""Scoring onsets against annotations: matching, F1, intervals and tests, kinds of errors (thesis 2.5)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Training a model: segments, the training loop, runs and their scores (thesis, chapter 5)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

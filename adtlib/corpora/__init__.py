"""The corpora of the thesis (chapter 4): tracks on disk, prepared features, and statistics."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

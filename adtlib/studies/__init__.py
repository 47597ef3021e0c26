"""The studies of the thesis (chapters 6 and 7): which runs, which tests, and every table of results."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

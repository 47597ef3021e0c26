"""Every figure: `plot_*` take arrays or data frames, draw on given axes, return them, and never save."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

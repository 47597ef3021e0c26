"""Audio files, features, and the Fourier analysis behind them (thesis 2.3): numpy arrays, seconds and Hz."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

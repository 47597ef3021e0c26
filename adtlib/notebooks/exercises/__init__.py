"""Checks of the exercises, a module for each group of notebooks: `check_dft(mine)` says what is wrong, and on which input."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

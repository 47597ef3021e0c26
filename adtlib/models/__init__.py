"""The architectures (thesis, chapter 3), their loss, and prediction with them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

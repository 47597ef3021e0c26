"""Onsets as annotations, MIDI notes, frames and peaks (thesis 2.4)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

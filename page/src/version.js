// Written by page/tests/write_fixtures.py: change its source, adtlib/__init__.py.

export const VERSION = "0.2.0";

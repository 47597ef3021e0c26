"""The commands of `adt`, one a module, each with `run(options) -> exit status`; `cli` imports the one that is asked for."""

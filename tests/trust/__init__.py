"""Harnesses that try to break adtlib: damaged files, killed commands, mutated code. `make trust`, or in tests/ `python -m trust`.

    damage      a valid file, damaged at random: bytes, lines, or values of JSON and YAML
    seeds       the valid files
    readers     what reads each kind of file, what may happen, and what must not
    fuzz        damaged files read in bounded processes, as many as the time allows
    kills       commands killed, or with a full disk, run again, and compared with undisturbed ones
    mutants     code of the scoring core changed in one place, and the tests that ought to notice
    report      the figures as a table and as files

Each trial has a number, its seed, from which all of it follows: a finding names reader and seed, and
`make trust READER=midi SEED=4711` repeats it.
"""

"""Values of options that only the command itself knows."""

from collections.abc import Iterable, Mapping


def check_names(option: str, given: Iterable[str], known: Mapping[str, str]) -> None:
    """ValueError, which lists the names and what each means, where one is not known."""
    if unknown := [name for name in given if name not in known]:
        listed = "\n".join(f"  {name}: {meaning}" for name, meaning in known.items())
        raise ValueError(f"{option} {unknown[0]}: choose of\n{listed}")

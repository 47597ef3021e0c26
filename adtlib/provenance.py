"""What results were made by, and whether they are what was made: hashes of code, checksums of files, seals of records.

Code is followed from a function or a notebook through the names that it uses, definition by definition. Where a definition stands
does not count: a function that moves to another module makes no result look out of date, nor does a new function beside it.
Comments, docstrings, annotations of arguments and layout do not count either. A definition that says `__file__` stands for the
data files of the package that it names: their content counts.

Recordings, features and weights carry a checksum: their length and a CRC-32. It is to find damage, not forgery, and training reads
every byte of its features for it: CRC-32 runs at 2.4 GB/s on one core, SHA-256 at 0.9, BLAKE2b at 0.4. Of four thousand million
damages one would pass. Records in JSON end with a seal, a hash of all that stands before it.
"""

import ast
import copy
import hashlib
import json
import platform
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from adtlib import __version__

PACKAGE = Path(__file__).resolve().parent
# Code whose results were found to be those of earlier code, byte by byte, keeps that code's hash: its runs and clips stay valid.
# None now: features differ from those of 0.1.0 in their last bit, and so does what is trained on them.
SAME_RESULTS: dict[str, str] = {}
BLOCK = 2**20  # bytes of a file that are in memory at a time
LIBRARIES = ("torch", "numpy", "scipy", "soundfile", "soxr", "mir_eval")


def hash_of(*parts: str | bytes) -> str:
    """A hash of texts and bytes, 16 hexadecimal digits; where one part ends and the next begins counts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def library_versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    ours = {"python": platform.python_version(), "adtlib": __version__}
    return ours | {name: metadata.version(name) for name in LIBRARIES}


def code_state(*functions: Callable, source: str = "", package: Path = PACKAGE) -> str:
    """Hash of every definition of `package` that the functions and the source depend on, and of the data files that these name.

    source  Python that uses the package, such as the cells of a notebook; SyntaxError where it is not Python
    """
    code = _Code(package)
    for used in code.follow(_Module(ast.parse(source), "", package), ast.parse(source)):
        code.use(*used)
    for function in functions:
        code.use(function.__module__, function.__name__)
    return code.state()


# ---- checksums and seals ------------------------------------------------------------------------------------------------


def checksum(*parts) -> str:
    """`LENGTH-CRC32`, both hexadecimal, of bytes or C-contiguous arrays, one after the other."""
    length = crc = 0
    for part in parts:
        length, crc = length + memoryview(part).nbytes, zlib.crc32(part, crc)
    return f"{length:x}-{crc:08x}"


def file_checksum(path: Path) -> str:
    """The checksum of a file's content; OSError if it cannot be read."""
    length = crc = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            length, crc = length + len(block), zlib.crc32(block, crc)
    return f"{length:x}-{crc:08x}"


def sealed(record: Mapping, indent: int | None = None) -> bytes:
    """A record, not empty, as JSON with its seal."""
    body = json.dumps(record, indent=indent)[:-1].rstrip()
    first, last = (", ", "") if indent is None else (",\n" + " " * indent, "\n")
    return f'{body}{first}"seal": "{hash_of(body)}"{last}}}'.encode()


def unsealed(content: bytes, older: bool = False) -> dict:
    """The record, without its seal. ValueError, saying why, for other content; `older`: a record without a seal is accepted."""
    try:
        record = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError(f"it holds a {type(record).__name__}, not a record")
    seal = record.pop("seal", None)
    if seal is None and older:
        return record
    content = content.replace(b"\r\n", b"\n")  # some systems end lines so when they check a file out
    if seal != hash_of(content.rpartition(b'"seal": "')[0].rstrip(b", \n")):
        raise ValueError("it is not as it was written")
    return record


# ---- the code that is used ----------------------------------------------------------------------------------------------


class _Module:
    """A module's definitions and its imports from the package, by the names that they have in it."""

    def __init__(self, tree: ast.Module, name: str, folder: Path, is_package: bool = False) -> None:
        self.name, self.folder, self.is_package = name, folder, is_package
        self.package = name if is_package else name.rpartition(".")[0]
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.examined: dict[str, _Definition] = {}
        for statement in tree.body[ast.get_docstring(tree, clean=False) is not None :]:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imports |= _imports(statement, self.package)
                continue
            if isinstance(statement, ast.If | ast.Try):  # TYPE_CHECKING, or a library that may be missing
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        self.imports |= _imports(inner, self.package)
            for bound in set(_bound(statement)) or {""}:  # "": what binds no name is done whenever the module is loaded
                self.definitions.setdefault(bound, []).append(statement)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def _imports(statement: ast.Import | ast.ImportFrom, package: str) -> dict[str, tuple[str, str | None]]:
    """Name in the module to (module, name there); a module imported as a whole has None for the latter."""
    if isinstance(statement, ast.Import):
        names = [(alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2 for alias in statement.names]
        return {name: (module, None) for name, module in names}
    module = statement.module or ""
    if statement.level:
        above = package.split(".")[: len(package.split(".")) - statement.level + 1]
        module = ".".join([*above, *([module] if module else [])])
    return {alias.asname or alias.name: (module, alias.name) for alias in statement.names}


@lru_cache(maxsize=1024)
def _parsed(path: Path, name: str, changed: int) -> _Module:
    return _Module(ast.parse(path.read_bytes()), name, path.parent, path.stem == "__init__")


@dataclass
class _Definition:
    """What a definition contributes: hashes of its statements, the data files it names, the names of modules that it uses."""

    hashes: set[str] = field(default_factory=set)
    data: set[Path] = field(default_factory=set)
    uses: set[tuple[str, str | None]] = field(default_factory=set)


class _Code:
    """The definitions of a package that were reached."""

    def __init__(self, package: Path) -> None:
        self.package = package
        self._reached: dict[tuple[str, str], _Definition] = {}

    def state(self) -> str:
        code = {each for definition in self._reached.values() for each in definition.hashes}
        files = {path for definition in self._reached.values() for path in definition.data}
        state = hash_of(*sorted(code | {hash_of(path.name, path.read_bytes()) for path in files}))
        return SAME_RESULTS.get(state, state)

    def module(self, name: str) -> _Module | None:
        """The module of this name, None where the package has none."""
        path = _file(self.package, name)
        return path and _parsed(path, name, path.stat().st_mtime_ns)

    def use(self, module: str, name: str | None) -> None:
        """Follow a name of a module, None for all of it."""
        found = self.module(module)
        if found is None or (name and self.module(f"{module}.{name}")):
            return  # of a module what is taken from it counts
        if module == f"{self.package.name}.provenance":
            return  # decides no number, and must be free to name hashes
        for wanted in found.definitions if name is None else (name, ""):
            if wanted in found.definitions:
                self._reach(found, wanted)
            elif wanted in found.imports:
                self.use(*found.imports[wanted])
            elif wanted and (door := _door(found)) and wanted in door.imports:
                self.use(*door.imports[wanted])

    def _reach(self, module: _Module, name: str) -> None:
        if (module.name, name) not in self._reached:
            if name not in module.examined:
                module.examined[name] = self._examine(module, name)
            self._reached[module.name, name] = module.examined[name]
            for used in module.examined[name].uses:
                self.use(*used)

    def _examine(self, module: _Module, name: str) -> _Definition:
        definition = _Definition()
        for statement in module.definitions[name]:
            if any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(statement)):
                definition.data.update(_data_files(statement, module.folder))
                continue
            statement = copy.deepcopy(statement)
            definition.uses |= self.follow(module, statement)
            definition.hashes.add(hash_of(ast.dump(statement)))
        return definition

    def follow(self, module: _Module, statement: ast.AST) -> set[tuple[str, str | None]]:
        """The names of modules that a statement uses; in the statement itself they are then called what they are there."""
        imports = dict(module.imports)
        for node in ast.walk(statement):
            _strip(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports |= _imports(node, module.package)
        follower = _Follower(self, module, {name: place for name, place in imports.items() if self.module(place[0])})
        follower.visit(statement)
        return follower.uses


def _file(package: Path, name: str) -> Path | None:
    """The file of a module of the package, None where there is none."""
    first, *rest = name.split(".")
    if first == package.name:
        folder = package.joinpath(*rest)
        for path in (*([folder.with_suffix(".py")] if rest else []), folder / "__init__.py"):
            if path.is_file():
                return path
    return None


def _door(module: _Module) -> _Module | None:
    """What a room exports, where it says so in `__init__.pyi`."""
    stub = module.folder / "__init__.pyi" if module.is_package else None
    return _parsed(stub, module.name, stub.stat().st_mtime_ns) if stub and stub.is_file() else None


class _Follower(ast.NodeTransformer):
    def __init__(self, code: _Code, module: _Module, imports: dict[str, tuple[str, str | None]]) -> None:
        self.code, self.module, self.imports = code, module, imports
        self.uses: set[tuple[str, str | None]] = set()

    def _module(self, node: ast.AST) -> str | None:
        """The module that an expression stands for."""
        whole = None
        if isinstance(node, ast.Name) and node.id in self.imports:
            module, name = self.imports[node.id]
            whole = module if name is None else f"{module}.{name}"
        elif isinstance(node, ast.Attribute) and (above := self._module(node.value)):
            whole = f"{above}.{node.attr}"
        return whole if whole and self.code.module(whole) else None

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if self._module(node) is None and (module := self._module(node.value)):
            self.uses.add((module, node.attr))
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if whole := self._module(node):
            self.uses.add((whole, None))
        elif node.id in self.imports:
            self.uses.add(self.imports[node.id])
            return ast.Name(self.imports[node.id][1], node.ctx)
        elif node.id in self.module.definitions:
            self.uses.add((self.module.name, node.id))
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return ast.Pass()

    visit_ImportFrom = visit_Import


def _strip(node: ast.AST) -> None:
    """Take away what does not decide results: docstrings and the annotations of arguments."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
    elif isinstance(node, ast.arg):
        node.annotation = None


def _data_files(statement: ast.stmt, folder: Path) -> Iterator[Path]:
    """The files that a statement names beside its module; of a folder, all that is in it."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            named = folder / node.value
            yield from [named] if named.is_file() else (path for path in named.rglob("*") if path.is_file())

"""Where the code commits or sends, found in its syntax."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITING = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TRUNCATE", "MERGE")
ENDING = {"transaction", "begin_transaction"}
"""What commits when its block ends."""
SENDING = {"send_batch", "send_and_wait"}
ASKING = {"execute", "executemany", "fetch", "fetchrow", "fetchval"}
"""On a pool or a connection of its own each of these is a transaction. What a pool executes and cannot be read here counts."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Site:
    """A function that commits or sends; `points` are the crash points in it."""

    place: str
    line: int
    points: tuple[str, ...]


def sources() -> Iterator[tuple[str, str]]:
    for folder in (ROOT / "shared/src", *sorted((ROOT / "services").glob("*/src"))):
        for path in sorted(folder.rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def sites(place: str, source: str) -> list[Site]:
    """Every function with a commit or a send in it."""
    module = ast.parse(source)
    texts = _texts(module)
    found = []
    for function in (node for node in ast.walk(module) if isinstance(node, Function)):
        own = list(_own(function))
        here = texts | _texts(function)
        if any(_ends(node, here) for node in own):
            found.append(Site(f"{place}:{function.name}", function.lineno, tuple(points(own))))
    return found


def points(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node.func) == "crash_point" and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def points_in(source: str) -> list[str]:
    return list(points(list(ast.walk(ast.parse(source)))))


def _own(function: Function) -> Iterator[ast.AST]:
    """Its nodes without those of functions inside it; a lambda is its own."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, Function)]


def _ends(node: ast.AST, texts: dict[str, str]) -> bool:
    if isinstance(node, ast.AsyncWith | ast.With):
        return any(isinstance(item.context_expr, ast.Call) and _name(item.context_expr.func) in ENDING for item in node.items)
    if not isinstance(node, ast.Call):
        return False
    name, on = _name(node.func), _name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if name == "commit" or name in SENDING or (name == "send" and on == "bus"):
        return True
    said = [_text(argument, texts) for argument in node.args[:1]]
    if said == ["COMMIT"]:
        return True
    if name not in ASKING or on not in {"pool", "connection"}:
        return False
    return any(name.startswith("execute") and on == "pool" if text is None else _writes(text) for text in said)


def _writes(text: str) -> bool:
    return any(word in text.upper().split() for word in WRITING)


def _texts(scope: ast.Module | Function) -> dict[str, str]:
    """The strings that have a name here."""
    found: dict[str, str] = {}
    for node in scope.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (text := _text(node.value, found)) is not None:
            found[node.targets[0].id] = text
    return found


def _text(node: ast.expr, texts: dict[str, str]) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else " … " for part in node.values)
    return texts.get(node.id) if isinstance(node, ast.Name) else None


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""

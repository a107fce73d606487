"""`python -m deploy.scopes`: write docs/scopes.md from the routes of all services; with --check, fail when it is stale."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import NamedTuple

from fastapi.routing import iter_route_contexts
from shared.docs import main
from shared.roles import SCOPES_OF
from shared.routes import TransactionalRoute
from shared.scopes import SCOPES
from shared.service import Service, create_app
from shared.settings import Settings

COMMAND = "deploy.scopes"
SERVICES = ("order_intake", "inventory", "dispatch", "crm", "kpi")

_HEAD = f"""# Scopes

Written by `python -m {COMMAND}` from the routes themselves; do not edit.

Every call needs exactly one scope; a caller without it gets 403 `/problems/missing-scope`, before its body is read. A customer's key holds
scopes that are marked for customers, is refused everywhere else whatever it holds, and reaches the rows of its own customer only.
"""


class Listed(NamedTuple):
    """One call; `scope` null = open, no key is asked for."""

    service: str
    method: str
    path: str
    scope: str | None


def services() -> list[Service]:
    return [import_module(f"{package}.app").SERVICE for package in SERVICES]


def routes(service: Service) -> Iterator[Listed]:
    """All that the service's API answers."""
    app = create_app(service, Settings.model_construct())
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        scope = route.scope if isinstance(route, TransactionalRoute) else None
        for method in sorted({*(getattr(route, "methods", None) or {"GET"})} - {"HEAD"}):
            yield Listed(service.name, method, getattr(route, "path", str(route)), scope)


def page() -> str:
    listed = [each for service in services() for each in routes(service)]
    return "\n".join(
        [
            _HEAD,
            *_table(("scope", "whoever holds it may", "for customers"), _scopes()),
            "\n## Roles of staff\n",
            "A key of our own people holds the scopes that its role had when it was issued; `*` stands for all.\n",
            *_table(("role", "scopes"), _roles()),
            "\n## Calls\n",
            *_table(("service", "method", "path", "scope", "for customers"), map(_call, filter(lambda each: each.scope, listed))),
            "\n## Open calls\n",
            "These ask for no key:\n",
            *_table(("method", "path", "services"), _open([each for each in listed if not each.scope])),
            "",
        ]
    )


def _scopes() -> Iterator[tuple[str, ...]]:
    for scope in SCOPES.values():
        yield f"`{scope.name}`", scope.meaning, _yes(scope.for_customers)


def _roles() -> Iterator[tuple[str, ...]]:
    for role, held in SCOPES_OF.items():
        yield role, " ".join(f"`{scope}`" for scope in sorted(held))


def _call(each: Listed) -> tuple[str, ...]:
    return each.service, each.method, f"`{each.path}`", f"`{each.scope}`", _yes(SCOPES[each.scope or ""].for_customers)


def _open(listed: Iterable[Listed]) -> Iterator[tuple[str, ...]]:
    """What all services have stands there once."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in listed:
        found.setdefault((each.method, each.path), []).append(each.service)
    for (method, path), names in found.items():
        yield method, f"`{path}`", "all" if len(names) == len(SERVICES) else ", ".join(names)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield f"|{'---|' * len(heading)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main(COMMAND, {"scopes.md": page()})

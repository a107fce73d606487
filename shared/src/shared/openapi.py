from typing import Any

from fastapi import FastAPI

from shared.auth import SCHEME


def describe(app: FastAPI) -> None:
    """OpenAPI says what holds for every route: the key it asks for, and that errors are problem+json."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            schema.setdefault("components", {})["securitySchemes"] = {"key": SCHEME}
            schema["security"] = [{"key": []}]
            for operation in [operation for path in schema["paths"].values() for operation in path.values()]:
                _name_problems(operation["responses"])
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _name_problems(responses: dict[str, Any]) -> None:
    for content in [response.get("content", {}) for status, response in responses.items() if status >= "400"]:
        if "application/json" in content:
            content["application/problem+json"] = content.pop("application/json")

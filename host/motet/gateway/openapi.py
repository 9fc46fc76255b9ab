# SPDX-License-Identifier: Apache-2.0
"""`GET /api/openapi.json`: the HTTP API as an OpenAPI 3.1 document, for the routes that this gateway has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from motet import __version__
from motet.gateway.operations import OPERATIONS, PARAMETERS, SCHEMAS, Operation

Json = dict[str, Any]
PATH, PREFIX = "/api/openapi.json", "/api/"
# Every operation may be refused so, whatever it is: see `gatehouse` and `shedding`.
_ALWAYS = {401: "no access token that counts", 403: "not allowed", 429: "too much at once", 503: "too much to do, or no broker"}


def document(routes: Iterable[BaseRoute]) -> Json:
    """The document for what of `routes` is below /api; an operation that nobody described is there by its name only."""
    paths: dict[str, Json] = {}
    for route in routes:
        if isinstance(route, Route) and route.path.startswith(PREFIX):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(route.path, {})[method.lower()] = _described(OPERATIONS.get((method, route.path)), route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Motet gateway", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Where [auth] is configured."}},
        },
        "security": [{}, {"token": []}],
    }


def route(routes: Iterable[BaseRoute]) -> Route:
    """The route of the document of `routes` and of itself."""

    async def read(_request: Request) -> Response:
        return JSONResponse(told)

    own = Route(PATH, read)
    told = document([*routes, own])
    return own


def _described(operation: Operation | None, route: Route) -> Json:
    if operation is None:
        return {"operationId": route.name, "responses": {"default": {"description": "not described"}}}
    parameters = [_parameter(name, "path") for name in re.findall(r"{(\w+)}", route.path)]
    parameters += [_parameter(name, "query") for name in operation.query]
    told: Json = {"operationId": operation.name, "summary": operation.summary, "parameters": parameters}
    if operation.body:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _reference(operation.body)}}}
    return {**told, "responses": {**_answers(operation), **_errors(operation)}}


def _parameter(name: str, where: str) -> Json:
    said, schema = PARAMETERS.get(f"{where}.{name}") or PARAMETERS[name]
    return {"name": name, "in": where, "required": where == "path", "description": said, "schema": schema}


def _answers(operation: Operation) -> Json:
    if operation.media == "":
        return {"204": {"description": "done"}}
    content = {operation.media: {"schema": _reference(operation.answer)} if operation.answer else {}}
    return {"200": {"description": operation.summary, "content": content}}


def _errors(operation: Operation) -> Json:
    content = {"application/json": {"schema": _reference("Error")}}
    texts = {**_ALWAYS, **operation.errors}
    return {str(status): {"description": texts[status], "content": content} for status in sorted(texts)}


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}

"""The OpenAPI document of a trade, made from what the dispatcher serves."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from tradehall.kernel.columns import Field
from tradehall.kernel.contracts import (
    LARGEST_BODY,
    Contract,
    Download,
    Drill,
    History,
    Info,
    Listing,
    Reading,
    Report,
    Service,
    Shape,
)
from tradehall.kernel.kinds import Choice, Json, Scaled, Utc
from tradehall.kernel.records import Record
from tradehall.kernel.resources import Resource
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Verb

REF = "#/components/schemas/"
Json_ = dict[str, Any]
VALIDATION: Literal["validation"] = "validation"

ERRORS = {
    "400": "The request contradicts the rules", "401": "Nobody is signed in", "403": "Not allowed",
    "404": "There is no such thing", "409": "The rules or the state forbid it", "412": "It was changed in the meantime",
    "413": "The body is too large", "415": "The body is of another content type", "422": "The request is malformed",
    "429": "Too many tries", "503": "Busy; nothing was changed", "507": "The disk is full; nothing was changed",
}  # fmt: skip
DRY_RUN: Json_ = {
    "type": "object",
    "required": ["dry_run", "status", "events", "answer"],
    "properties": {
        "dry_run": {"const": True}, "status": {"type": "integer"}, "events": {"type": "array"}, "answer": {},
    },
}  # fmt: skip
DRILL = ("dimension", "subject", "from", "to", "after", "limit")


def document(trade: Trade, version: str, base: Json_) -> Json_:
    """The whole document; `base` is what FastAPI says of the paths in `web/`."""
    models = {m.__name__: m for each in trade.operations for m in _models(each)}
    wanted = [(models[name], VALIDATION) for name in sorted(models)]
    _, schemas = models_json_schema(wanted, ref_template=REF + "{model}")
    components: Json_ = base.get("components", {}).get("schemas", {}) | schemas.get("$defs", {})
    rows = {name: _shape_schema(shape) for name, shape in _shapes(trade).items()}
    if taken := components.keys() & rows.keys():
        raise TypeError(f"records and request models are called alike: {', '.join(sorted(taken))}")
    if twice := models.keys() - components.keys():
        raise TypeError(f"two models are called alike: {', '.join(sorted(twice))}")
    components |= rows
    components["Problem"] = _problem()
    paths: Json_ = dict(base.get("paths", {}))
    for operations in paths.values():
        for each in operations.values():
            each["responses"] = _problems() | {s: r for s, r in each["responses"].items() if _is_own(s, r)}
    for contract in trade.operations:
        paths.setdefault(contract.path, {})[contract.method.lower()] = _operation(trade, contract)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{trade.title} API", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _is_own(status: str, response: Json_) -> bool:
    """Whether a path in `web/` says more of an answer than every problem has: that it succeeded, or is a page."""
    return status not in ERRORS or "text/html" in response.get("content", {})


def _models(contract: Contract) -> Iterator[type[BaseModel]]:
    does = contract.does
    if isinstance(does, Verb | Report | Service) and does.body is not None:
        yield does.body
    if isinstance(does, Service) and does.answers is not None:
        yield does.answers


def _shapes(trade: Trade) -> dict[str, Shape]:
    found = {resource.record.__name__: resource.shape for resource in trade.resources}
    for contract in trade.operations:
        if isinstance(contract.does, Listing | Reading):
            found.setdefault(contract.does.resource.record.__name__, contract.does.resource.shape)
        elif isinstance(contract.does, Verb):
            found.setdefault(contract.does.record.__name__, trade.shape_of(contract.does.record))
    return found


def _operation(trade: Trade, contract: Contract) -> Json_:
    does = contract.does
    found: Json_ = {
        "operationId": f"{contract.method.lower()}_{contract.path.strip('/').replace('/', '_').replace('{', '').replace('}', '') or 'root'}",
        "summary": _summary(contract),
        "tags": [_tag(contract)],
        "parameters": [*_path_parameters(contract), *_query_parameters(trade, contract), *_header_parameters(contract)],
        "responses": _responses(contract),
    }
    if not contract.is_open:
        found["security"] = [{"bearer": []}, {"key": []}] if contract.scopes & trade.scopes else [{"bearer": []}]
    if isinstance(does, Verb) and contract.file:
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _form(does)}}}
    elif _has_body(contract):
        assert isinstance(does, Verb | Report | Service) and does.body is not None  # noqa: S101, PT018 - for the type checker
        schema = {"$ref": REF + does.body.__name__}
        required = any(each.is_required() for each in does.body.model_fields.values())
        kinds = ["application/json", "application/x-www-form-urlencoded"][: 1 + getattr(does, "form", False)]
        found["requestBody"] = {"required": required, "content": {kind: {"schema": schema} for kind in kinds}}
    return found


def _form(does: Verb[Any, Any]) -> Json_:
    fields = does.body.model_json_schema(ref_template=REF + "{model}") if does.body is not None else {}
    properties = {"file": {"type": "string", "format": "binary"}} | fields.get("properties", {})
    return {"type": "object", "required": ["file", *fields.get("required", ())], "properties": properties}


def _summary(contract: Contract) -> str:
    does = contract.does
    match does:
        case Listing():
            return f"List {does.resource.record.plural}."
        case Reading():
            return f"Get a {does.resource.record.title.lower()}."
        case History():
            return f"What happened to a {does.resource.record.title.lower()}, newest first."
        case Drill():
            return "The rows behind a kept total."
        case _:
            return does.summary


def _tag(contract: Contract) -> str:
    does = contract.does
    if isinstance(does, Verb | Download):
        return does.record.plural
    if isinstance(does, Listing | Reading | History):
        return does.resource.record.plural
    if isinstance(does, Service):
        return "people"
    return "health" if isinstance(does, Info) else "analytics"


def _path_parameters(contract: Contract) -> Iterator[Json_]:
    for name in contract.parameters:
        number = name == "id" or name.endswith("_id")
        schema: Json_ = {"type": "integer", "minimum": 1} if number else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(name: str, schema: Mapping[str, Any]) -> Json_:
    return {"name": name, "in": "query", "required": False, "schema": dict(schema)}


def _has_body(contract: Contract) -> bool:
    does = contract.does
    is_asked = isinstance(does, Verb | Service) or (isinstance(does, Report) and contract.method != "GET")
    return is_asked and getattr(does, "body", None) is not None


def _query_parameters(trade: Trade, contract: Contract) -> Iterator[Json_]:
    does = contract.does
    if isinstance(does, Listing):
        yield from _list_parameters(trade, does.resource)
    elif isinstance(does, Download):
        if does.resource is not None:
            yield from _row_parameters(does.resource)
            yield _query("bom", {"type": "boolean", "default": False, "description": "Begin a CSV with its mark."})
        for name, schema in does.query.items():
            yield _query(name, schema)
    elif isinstance(does, History):
        yield _query("before", {"type": "integer", "minimum": 1})
        yield _query("limit", {"type": "integer", "minimum": 1, "default": 100})
    elif isinstance(does, Drill):
        for name in DRILL:
            yield _query(name, {"type": "integer"} if name in ("subject", "limit") else {"type": "string"})
    elif isinstance(does, Report) and does.body is not None and contract.method == "GET":
        for name, schema in does.body.model_json_schema(ref_template=REF + "{model}")["properties"].items():
            if name not in contract.parameters:
                yield _query(name, schema)
    elif isinstance(does, Service):
        for name, schema in does.query.items():
            yield _query(name, schema)
    elif isinstance(does, Verb):
        yield _query("dry_run", {"type": "boolean", "default": False, "description": "Answer what would change."})


def _list_parameters(trade: Trade, resource: Resource) -> Iterator[Json_]:
    for name, lowest, default in trade.paging.parameters:
        yield _query(name, {"type": "integer", "minimum": lowest, "default": default})
    yield _query("after", {"type": "string", "description": "The X-Next-Cursor of the page before."})
    yield from _row_parameters(resource)


def _row_parameters(resource: Resource) -> Iterator[Json_]:
    yield _query("sort", {"type": "string", "enum": [f"{mark}{name}" for name in resource.sort for mark in ("", "-")]})
    if resource.record.searched:
        yield _query("search", {"type": "string"})
    for each in resource.filters:
        name = each if isinstance(each, str) else each.name
        form = resource.record.fields[each].form if isinstance(each, str) else each.kind
        yield _query(name, _plain(TypeAdapter(form).json_schema()))


def _plain(schema: Json_) -> Json_:
    return {name: value for name, value in schema.items() if name not in ("title", "$defs", "description")}


def _header_parameters(contract: Contract) -> Iterator[Json_]:
    if isinstance(contract.does, Verb):
        schema = {"type": "string", "minLength": 1, "maxLength": 255}
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}
        if contract.does.target:
            yield {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}


def _responses(contract: Contract) -> Json_:
    does = contract.does
    found: Json_ = {}
    if contract.status == 204:
        found["204"] = {"description": "Done."}
    else:
        schema = _answer_schema(contract)
        kind = does.type.partition(";")[0] if isinstance(does, Download) else "application/json"
        if isinstance(does, Verb) and contract.status == 200:
            schema = {"anyOf": [schema, DRY_RUN]}
        found[str(contract.status)] = {"description": "Done.", "content": {kind: {"schema": schema}}}
    dry = (isinstance(does, Verb) and not contract.file) or (isinstance(does, Service) and "dry_run" in does.query)
    if dry and contract.status != 200:
        content = {"application/json": {"schema": DRY_RUN if isinstance(does, Verb) else {}}}
        found["200"] = {"description": "What a dry run would change.", "content": content}
    return found if isinstance(does, Info) else _problems(contract.largest_body) | found


def _problems(largest_body: int = LARGEST_BODY) -> Json_:
    content = {"application/json": {"schema": {"$ref": REF + "Problem"}}}
    more = {"413": f"The body is larger than {largest_body:,} bytes"}
    return {status: {"description": sentence, "content": content} for status, sentence in (ERRORS | more).items()}


def _answer_schema(contract: Contract) -> Json_:
    does = contract.does
    if isinstance(does, Listing):
        return {"type": "array", "items": {"$ref": REF + does.resource.record.__name__}}
    if isinstance(does, Reading):
        return {"$ref": REF + does.resource.record.__name__}
    if isinstance(does, Download):
        return {"type": "string", "format": "binary"}
    if isinstance(does, History):
        return {"type": "array", "items": {"type": "object"}}
    if isinstance(does, Service) and does.answers is not None:
        return {"$ref": REF + does.answers.__name__}
    if isinstance(does, Verb) and contract.changes is None and contract.shape is None and _gives_row(does):
        return {"$ref": REF + does.record.__name__}
    return {}


def _gives_row(verb: Verb[Any, Any]) -> bool:
    """Whether a verb answers with a row: the one that its rule gives, or its own."""
    gives = verb.rule.__annotations__.get("return")
    return gives is None or (isinstance(gives, type) and issubclass(gives, Record))


def _problem() -> Json_:
    return {
        "type": "object",
        "required": ["detail", "request_id"],
        "properties": {"detail": {}, "code": {"type": "string"}, "request_id": {"type": "string"}},
    }


def _shape_schema(shape: Shape) -> Json_:
    fields = {name: shape.record.fields[name] for name in (*shape.columns, *shape.detail)}
    called = {name: shape.called.get(name, name) for name in fields}
    return {
        "type": "object",
        "description": " ".join((shape.record.__doc__ or "").split("\n\n")[0].split()),
        "required": [called[name] for name in shape.columns if name not in shape.only],
        "properties": {called[name]: _field_schema(field) for name, field in fields.items()},
    }


def _field_schema(field: Field[Any]) -> Json_:
    kind = field.kind
    schema: Json_ = {"type": "string"}
    if isinstance(kind, Scaled):
        schema = {"type": "number"}
    elif isinstance(kind, Utc):
        schema = {"type": "string", "format": "date-time"}
    elif isinstance(kind, Choice):
        schema = {"type": "string", "enum": [str(value) for value in kind.values]}
    elif isinstance(kind, Json):
        return {}
    elif isinstance(kind, sa.Boolean):
        schema = {"type": "boolean"}
    elif isinstance(kind, sa.Integer):
        schema = {"type": "integer"}
    elif isinstance(kind, sa.Date):
        schema = {"type": "string", "format": "date"}
    return schema | {"type": [schema["type"], "null"]} if field.optional else schema

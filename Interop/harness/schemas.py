"""The JSON Schemas of Docs/schema, as they are published and in a stricter reading for tests."""

from __future__ import annotations

import copy
import json
import pathlib

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from harness.context import ROOT

FOLDER = ROOT / "Docs" / "schema"
SIDES = ("client", "server")


def documents() -> dict[str, dict]:
    """All schemas there are, by their address."""
    return {path.as_uri(): json.loads(path.read_text("utf-8"))
            for path in sorted(FOLDER.rglob("*.json"))}


def types(side: str) -> set[str]:
    """The types of messages that have a schema, by the names of the files."""
    return {path.stem for path in (FOLDER / side).glob("*.json")}


def members(side: str) -> set[tuple[str, str]]:
    """The members that the messages of a side can have, each with its type."""
    return {(path.stem, member) for path in (FOLDER / side).glob("*.json")
            for member in json.loads(path.read_text("utf-8"))["properties"]}


def strict(schema: object) -> object:
    """The same schema, but members that it does not name are refused: what a receiver has to
    ignore, a test has to notice."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(value) for key, value in schema.items()}
    if result.get("type") == "object" and "properties" in result:
        result.setdefault("additionalProperties", False)
    return result


class Schemas:
    """Judges messages by the schema of their type."""

    def __init__(self, refuse_unknown: bool = True) -> None:
        found = documents()
        if refuse_unknown:
            found = {uri: strict(copy.deepcopy(schema)) for uri, schema in found.items()}
        registry = Registry().with_resources(
            (uri, Resource.from_contents(schema)) for uri, schema in found.items())
        self._validators = {
            (side, kind): Draft202012Validator(
                {"$ref": (FOLDER / side / f"{kind}.json").as_uri()}, registry=registry)
            for side in SIDES for kind in types(side)}

    def faults(self, side: str, message: object) -> list[str]:
        """Why a message of a side, as JSON came to be, breaks its schema; empty if it does not."""
        kind = message.get("type") if isinstance(message, dict) else None
        validator = self._validators.get((side, kind)) if isinstance(kind, str) else None
        if validator is None:
            return [f"no schema for {kind!r} of the {side}"]
        return [f"{kind} of the {side}, {error.json_path}: {error.message[:200]}"
                for error in validator.iter_errors(message)]


def subschemas(schema: object, place: pathlib.PurePosixPath = pathlib.PurePosixPath("/")):
    """Every member and definition in a schema, with its place."""
    if isinstance(schema, list):
        for index, each in enumerate(schema):
            yield from subschemas(each, place / str(index))
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key in ("properties", "$defs") and isinstance(value, dict):
                for name, inner in value.items():
                    yield place / key / name, inner
            # What a condition looks at and demands was described where the member is.
            if key not in ("if", "then", "else", "not", "allOf"):
                yield from subschemas(value, place / key)

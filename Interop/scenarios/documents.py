"""The protocol's page, the schemas and the AsyncAPI document name the same messages."""

import json
from urllib.parse import urljoin

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from harness import protocolpage, schemas
from harness.context import ROOT

ASYNCAPI = ROOT / "Docs" / "asyncapi.yaml"
# What an AsyncAPI 3.0.0 document must have, and what its parts may have.
ROOT_MEMBERS = {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations",
                "components", "id"}
CHANNEL_MEMBERS = {"address", "title", "summary", "description", "messages", "bindings", "servers",
                   "parameters", "tags", "externalDocs"}
OPERATION_MEMBERS = {"action", "channel", "title", "summary", "description", "messages", "reply",
                     "security", "tags", "externalDocs", "bindings", "traits"}
MESSAGE_MEMBERS = {"name", "title", "summary", "description", "payload", "headers", "contentType",
                   "correlationId", "tags", "externalDocs", "bindings", "examples", "traits"}
# AsyncAPI looks at it from the server, which receives what clients say.
ACTIONS = {"client": "receive", "server": "send"}


def run(context):
    """First each document by itself, then what they name."""
    document = yaml.safe_load(ASYNCAPI.read_text("utf-8"))
    schema_files(context)
    structure(context, document)
    for side in schemas.SIDES:
        page = protocolpage.types(side)
        context.same(f"{side}: a schema for each type of the page and no other",
                     sorted(schemas.types(side)), sorted(page))
        context.same(f"{side}: the AsyncAPI document has each type of the page and no other",
                     sorted(told_types(document, side)), sorted(page))
    error = json.loads((schemas.FOLDER / "server" / "error.json").read_text("utf-8"))
    context.same("the error's schema has the codes of the page",
                 sorted(error["properties"]["code"]["enum"]), sorted(protocolpage.error_codes()))


def schema_files(context):
    """Each is a schema, all it refers to is there, and nothing in it is without a word."""
    found = schemas.documents()
    for uri, schema in found.items():
        name = uri.removeprefix(schemas.FOLDER.as_uri() + "/")
        try:
            Draft202012Validator.check_schema(schema)
            fault = ""
        except SchemaError as error:
            fault = error.message
        context.ok(f"{name} is a JSON Schema of draft 2020-12 with title and description",
                   not fault and schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
                   and schema["title"] and schema["description"], fault)
        silent = [str(place) for place, each in schemas.subschemas(schema)
                  if isinstance(each, dict) and not {"description", "$ref"} & set(each)]
        context.same(f"{name} describes every member", silent, [])
        lost = [each for each in references(schema) if not resolves(found, uri, each)]
        context.same(f"{name} refers to nothing that is not there", lost, [])


def references(value):
    """Every `$ref` in a document."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "$ref" and isinstance(inner, str):
            yield inner
        else:
            yield from references(inner)


def resolves(found, base, reference):
    """Whether a reference in the document at `base` leads to something in a document found."""
    file, _, pointer = reference.partition("#")
    uri = base if not file else resolved(base, file)
    return uri in found and at(found[uri], pointer) is not None


def resolved(base, file):
    """The address of a file named relative to another."""
    return urljoin(base, file)


def at(document, pointer):
    """What a JSON pointer leads to (RFC 6901); None when it leads nowhere."""
    for word in pointer.split("/")[1:]:
        key = word.replace("~1", "/").replace("~0", "~")
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def structure(context, document):
    """What AsyncAPI 3.0.0 wants of a document, as far as this one goes."""
    context.ok("the AsyncAPI document is one of 3.0.0, with title and version",
               document["asyncapi"] == "3.0.0" and document["info"]["title"]
               and document["info"]["version"] and set(document) <= ROOT_MEMBERS, set(document))
    found = schemas.documents() | {ASYNCAPI.as_uri(): document}
    lost = [each for each in references(document)
            if not resolves(found, ASYNCAPI.as_uri(), each)]
    context.same("the AsyncAPI document refers to nothing that is not there", lost, [])
    channels, operations = document["channels"], document["operations"]
    messages = document["components"]["messages"]
    context.ok("channels, operations and messages have the members that there are",
               all(set(each) <= CHANNEL_MEMBERS for each in channels.values())
               and all(set(each) <= OPERATION_MEMBERS and each["action"] in ACTIONS.values()
                       for each in operations.values())
               and all(set(each) <= MESSAGE_MEMBERS
                       and set(each["payload"]) == {"schemaFormat", "schema"}
                       for each in messages.values()))
    named = {each["$ref"] for channel in channels.values()
             for each in channel["messages"].values()}
    context.same("every message is on a channel", named, {
        f"#/components/messages/{name}" for name in messages})


def told_types(document, side):
    """The types of the messages that the document gives to a side; each refers to its schema."""
    for operation in document["operations"].values():
        if operation["action"] != ACTIONS[side]:
            continue
        for entry in operation["messages"]:
            message = at(document, entry["$ref"].removeprefix("#"))
            while "$ref" in message:
                message = at(document, message["$ref"].removeprefix("#"))
            if message["payload"]["schema"]["$ref"] == f"schema/{side}/{message['name']}.json":
                yield message["name"]

"""What is printed for other programs, held to the schemas that ship with the package."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import acctrecover

FOLDER = Path(acctrecover.__file__).parent / "schemas"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


@cache
def validator(name: str) -> Draft202012Validator:
    registry = Registry().with_resources((f"{stem}.json", Resource.from_contents(schema)) for stem, schema in SCHEMAS.items())
    return Draft202012Validator(SCHEMAS[name], registry=registry)


def valid(name: str, *told: Any) -> None:
    """Each of these, as other programs read it, is as the schema says. Raises ValueError for a number that is none in JSON."""
    for each in told:
        validator(name).validate(json.loads(json.dumps(each, allow_nan=False)))

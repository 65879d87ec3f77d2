"""Random schemas, as pydantic writes them, given to a server: every answer must be JSON that validates.

    python Tests/EndToEnd/random_schemas.py --url http://127.0.0.1:8080 --schemas 1000 --generations 20
"""

import argparse
import collections
import concurrent.futures
import decimal
import json
import random
import urllib.error
import urllib.request

import jsonschema

NAMES = ["id", "name", "age", "tags", "price", "is_active", "créé", "parent", "x", "line 1", 'quo"te', "e-mail"]
WORDS = ["red", "green", "admin", "a b", "", "x/y", 'say "hi"', "naïve", "\\d"]
PATTERNS = ["^[A-Z]{2,4}$", "^\\d{3}-\\d{4}$", "[aeiou]", "^(yes|no)$", "^\\S+$", "^#?[0-9a-f]{6}$"]
FORMATS = ["date", "date-time", "time", "uuid", "email", "ipv4", "ipv6", "hostname", "duration"]


class SchemaGenerator:
    """What classes of pydantic fields become: nested, in `$defs`, with bounds, unions and defaults."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.definitions = {}

    def document(self):
        schema = self.object(3)
        return {**schema, "$defs": self.definitions} if self.definitions else schema

    def value(self, depth):
        simple = [self.string, self.string, self.integer, self.number, self.boolean, self.enumeration, self.constant]
        nested = [self.array, self.tuple, self.set, self.object, self.dictionary, self.union, self.optional, self.reference]
        make = self.random.choice(simple + (nested if depth > 0 else []))
        schema = make(depth - 1)
        return schema | ({"title": "Some title"} if self.random.random() < 0.2 else {})

    def string(self, depth):
        kind = self.random.random()
        if kind < 0.2:
            return {"type": "string", "pattern": self.random.choice(PATTERNS), "maxLength": 40}
        if kind < 0.4:
            return {"type": "string", "format": self.random.choice(FORMATS)}
        return {"type": "string", "minLength": self.random.randint(0, 3), "maxLength": self.random.randint(3, 30)}

    def integer(self, depth):
        low, high = sorted(self.random.sample(range(-100, 1000), 2))
        bounds = {"minimum": low, "exclusiveMaximum": high + 10}
        step = {"multipleOf": self.random.choice([2, 5, 10])} if self.random.random() < 0.2 else {}
        return {"type": "integer"} | {k: v for k, v in bounds.items() if self.random.random() < 0.7} | step

    def number(self, depth):
        return self.random.choice([
            {"type": "number"}, {"type": "number", "minimum": -1.5, "maximum": 99.25},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, {"type": "number", "multipleOf": 0.01},
        ])

    def boolean(self, depth):
        return {"type": "boolean"}

    def enumeration(self, depth):
        values = self.random.sample([*WORDS, 1, 2.5, None, True], self.random.randint(1, 5))
        return {"enum": values}

    def constant(self, depth):
        return {"const": self.random.choice([*WORDS, 7, None])}

    def array(self, depth):
        return {"type": "array", "items": self.value(depth), "maxItems": self.random.randint(0, 4)}

    def tuple(self, depth):
        items = [self.value(depth) for _ in range(self.random.randint(1, 3))]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def set(self, depth):
        values = self.random.sample(WORDS, self.random.randint(1, 6))
        return {"type": "array", "items": {"enum": values}, "uniqueItems": True}

    def object(self, depth):
        names = self.random.sample(NAMES, self.random.randint(1, 5))
        schema = {"type": "object", "properties": {name: self.value(depth) for name in names}}
        schema["required"] = [name for name in names if self.random.random() < 0.6]
        if self.random.random() < 0.4:
            schema["additionalProperties"] = False
        return schema

    def dictionary(self, depth):
        schema = {"type": "object", "additionalProperties": self.value(depth), "maxProperties": self.random.randint(1, 3)}
        if self.random.random() < 0.5:
            schema["propertyNames"] = {"pattern": "^[a-z]{1,8}$"}
        return schema

    def union(self, depth):
        return {self.random.choice(["anyOf", "oneOf"]): [
            {"type": "object", "properties": {"kind": {"const": kind}, "value": self.value(depth)},
             "required": ["kind", "value"]} for kind in ("a", "b")]}

    def optional(self, depth):
        return {"anyOf": [self.value(depth), {"type": "null"}], "default": None}

    def reference(self, depth):
        name = f"Class{len(self.definitions)}"
        self.definitions[name] = True
        schema = self.object(depth)
        # Like a tree's children or a list's next: it may always end.
        itself = {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}
        schema["properties"]["next"] = itself
        self.definitions[name] = schema
        return {"$ref": f"#/$defs/{name}"}


def is_endless(schema):
    """Whether a document may go on for ever: a definition that contains itself, or names of members of any length."""
    if isinstance(schema, list):
        return any(map(is_endless, schema))
    if not isinstance(schema, dict):
        return False
    # Every definition of the generator has a `next` of its own kind.
    return ("$ref" in schema or isinstance(schema.get("additionalProperties"), dict) and "propertyNames" not in schema
            or any(map(is_endless, schema.values())))


def generate(url, schema, generations, seed, max_tokens):
    """The choices of one request."""
    body = {
        "messages": [{"role": "user", "content": "Give me an example."}], "temperature": 1, "seed": seed,
        "n": generations, "max_tokens": max_tokens,
        "response_format": {"type": "json_schema", "json_schema": {"name": "example", "schema": schema}},
    }
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)["choices"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.read().decode()} for {json.dumps(schema)}") from None


def parse(text):
    """Numbers with a point exactly: 1100.11 is a multiple of 0.01, its nearest binary fractions are not."""
    return json.loads(text, parse_float=decimal.Decimal)


def check(url, schemas, generations, seed=0, max_tokens=1500, clients=4):
    """How many answers ended in which way; raises for the first that does not validate."""

    def run(number):
        schema = SchemaGenerator(f"{seed}-{number}").document()
        validator = jsonschema.Draft202012Validator(
            parse(json.dumps(schema)), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        endings = collections.Counter()
        for choice in generate(url, schema, generations, number, max_tokens):
            endings[choice["finish_reason"]] += 1
            # Only a schema with endless documents may lead there; they are brought to an end.
            if choice["finish_reason"] == "length":
                assert is_endless(schema), f"schema {number} goes on for ever: {json.dumps(schema)}"
            content = choice["message"]["content"]
            try:
                validator.validate(parse(content))
            except (ValueError, jsonschema.ValidationError) as error:
                raise AssertionError(f"schema {number}: {error}: {content!r} of {json.dumps(schema)}") from None
        return endings

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(run, range(schemas)), collections.Counter())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--schemas", type=int, default=1000)
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=4000)
    arguments = parser.parse_args()
    endings = check(**vars(arguments))
    print(f"{endings.total()} answers: {dict(endings)}; all validate")

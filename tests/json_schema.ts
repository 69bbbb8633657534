/**
 * Checks a document against the specification's JSON schemas (draft 4), as far as they use that language: a keyword that
 * is not known here is an error.
 *
 * @module
 */

type Json = Readonly<Record<string, unknown>>;

const FOLDER = new URL("testdata/oci/", import.meta.url);
const files = new Map<string, Json>();

function load(file: string): Json {
  const known = files.get(file) ??
    JSON.parse(Deno.readTextFileSync(new URL(file, FOLDER)));
  files.set(file, known);
  return known;
}

/**
 * What is wrong with a document, one sentence each, beginning with its JSON pointer.
 *
 * @param file name of the schema below tests/testdata/oci
 */
export function schemaProblems(file: string, document: unknown): string[] {
  return [...check(load(file), document, "", file)];
}

/** Words that say nothing about documents. */
const SILENT = ["description", "$schema", "definitions", "id"];

function* check(
  schema: Json,
  value: unknown,
  at: string,
  file: string,
): Generator<string> {
  for (const [word, operand] of Object.entries(schema)) {
    if (SILENT.includes(word)) continue;
    const keyword = KEYWORDS[word];
    if (keyword === undefined) throw new Error(`Unknown keyword ${word}`);
    yield* keyword(operand, value, at, file);
  }
}

type Keyword = (
  operand: unknown,
  value: unknown,
  at: string,
  file: string,
) => Iterable<string>;

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $ref: function* (operand, value, at, file) {
    const [other = "", path = ""] = (operand as string).split("#");
    const target = other || file;
    const schema = path.split("/").slice(1).reduce<unknown>(
      (from, name) => (from as Json)[name],
      load(target),
    );
    yield* check(schema as Json, value, at, target);
  },
  allOf: function* (operand, value, at, file) {
    for (const schema of operand as Json[]) {
      yield* check(schema, value, at, file);
    }
  },
  type: function* (operand, value, at) {
    if (typeOf(value, operand) !== operand) {
      yield `${at}: expected ${operand}, got ${JSON.stringify(value)}`;
    }
  },
  enum: function* (operand, value, at) {
    if (!(operand as unknown[]).includes(value)) {
      yield `${at}: ${JSON.stringify(value)} is none of ${operand}`;
    }
  },
  pattern: function* (operand, value, at) {
    if (
      typeof value === "string" && !new RegExp(operand as string).test(value)
    ) {
      yield `${at}: ${JSON.stringify(value)} does not match ${operand}`;
    }
  },
  minimum: function* (operand, value, at) {
    if (typeof value === "number" && value < (operand as number)) {
      yield `${at}: ${value} is below ${operand}`;
    }
  },
  maximum: function* (operand, value, at) {
    if (typeof value === "number" && value > (operand as number)) {
      yield `${at}: ${value} is above ${operand}`;
    }
  },
  minItems: function* (operand, value, at) {
    if (Array.isArray(value) && value.length < (operand as number)) {
      yield `${at}: fewer than ${operand} elements`;
    }
  },
  required: function* (operand, value, at) {
    if (!isObject(value)) return;
    for (const name of operand as string[]) {
      if (!Object.hasOwn(value, name)) yield `${at}/${name}: missing`;
    }
  },
  items: function* (operand, value, at, file) {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) {
      yield* check(operand as Json, item, `${at}/${index}`, file);
    }
  },
  properties: function* (operand, value, at, file) {
    if (!isObject(value)) return;
    for (const [name, schema] of Object.entries(operand as Json)) {
      if (!Object.hasOwn(value, name)) continue;
      yield* check(schema as Json, value[name], `${at}/${name}`, file);
    }
  },
  patternProperties: function* (operand, value, at, file) {
    if (!isObject(value)) return;
    for (const [pattern, schema] of Object.entries(operand as Json)) {
      for (const [name, member] of Object.entries(value)) {
        if (!new RegExp(pattern).test(name)) continue;
        yield* check(schema as Json, member, `${at}/${name}`, file);
      }
    }
  },
};

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown, wanted: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  const isInteger = wanted === "integer" && Number.isInteger(value);
  return isInteger ? "integer" : typeof value;
}

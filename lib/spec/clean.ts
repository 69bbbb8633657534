/**
 * Prepares a JSON document for its schema: leaves out what Go's encoders write for "nothing", and unknown names.
 *
 * @module
 */
import { jsonPointer } from "./pointer.ts";
import type { Schema } from "./schema_base.ts";

/** What is read of a zod schema: its definition, by kind. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema<unknown>>>;
  readonly catchall?: unknown;
  readonly element?: Schema<unknown>;
  readonly valueType?: Schema<unknown>;
  readonly innerType?: Schema<unknown>;
}

/** What zod keeps of a schema that is built when it is needed. */
interface LazyInternals {
  readonly innerType: Schema<unknown>;
}

function definition(schema: Schema<unknown>): Definition {
  const own = schema._zod.def as unknown as Definition;
  if (own.type !== "lazy") return own;
  return definition((schema._zod as unknown as LazyInternals).innerType);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value of an optional member means "nothing": null, or "" where a word is expected. */
function isNothing(inner: Schema<unknown>, value: unknown): boolean {
  return value === null || value === undefined ||
    (value === "" && definition(inner).type === "enum");
}

/** Copies documents, see {@linkcode clean}. */
class Cleaner {
  readonly unknown: string[] = [];

  copy(
    schema: Schema<unknown>,
    value: unknown,
    path: readonly PropertyKey[],
  ): unknown {
    const { type, shape, catchall, element, valueType, innerType } = definition(
      schema,
    );
    if (innerType !== undefined) return this.copy(innerType, value, path);
    if (type === "array" && element !== undefined && Array.isArray(value)) {
      return value.map((item, index) =>
        this.copy(element, item, [...path, index])
      );
    }
    if (!isRecord(value)) return value;
    if (shape !== undefined) {
      return this.#members(shape, catchall !== undefined, value, path);
    }
    if (valueType !== undefined) return this.#entries(valueType, value, path);
    return value;
  }

  #members(
    shape: Readonly<Record<string, Schema<unknown>>>,
    closed: boolean,
    value: Record<string, unknown>,
    path: readonly PropertyKey[],
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (schema === undefined && !closed) {
        this.unknown.push(jsonPointer(...path, name));
      }
      if (schema === undefined) {
        if (closed) result[name] = member;
        continue;
      }
      const inner = definition(schema).innerType;
      if (inner !== undefined && isNothing(inner, member)) continue;
      if (member !== null) {
        result[name] = this.copy(schema, member, [...path, name]);
      }
    }
    return result;
  }

  #entries(
    schema: Schema<unknown>,
    value: Record<string, unknown>,
    path: readonly PropertyKey[],
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      // Assigning it would set the prototype; nothing that a configuration names is called so.
      if (name === "__proto__") this.unknown.push(jsonPointer(...path, name));
      else result[name] = this.copy(schema, member, [...path, name]);
    }
    return result;
  }
}

/**
 * Copies a document, leaving out null members, empty words of optional members and unknown names.
 *
 * @param schema the document's schema
 * @param value the document
 * @returns the copy, and the JSON pointers of the unknown names
 */
export function clean(
  schema: Schema<unknown>,
  value: unknown,
): { readonly value: unknown; readonly unknown: string[] } {
  const cleaner = new Cleaner();
  return { value: cleaner.copy(schema, value, []), unknown: cleaner.unknown };
}

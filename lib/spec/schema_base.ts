/**
 * The building blocks of the schemas: zod schemas whose messages say what would be right, tied to the
 * hand-written interfaces by their types, so that a member missing on either side does not compile.
 *
 * @module
 */
import * as z from "../deps/zod.ts";
import { show } from "./pointer.ts";
import type { Int64, Uint64 } from "./types_numbers.ts";

/** A schema whose output is T. */
export type Schema<T> = z.ZodMiniType<T>;

/** The schema of a member that may be absent. */
export type OptionalSchema<T> = z.ZodMiniExactOptional<Schema<T>>;

/** One schema for each member of T: an optional one for the optional members, and no others. */
export type Shape<T> = {
  [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? OptionalSchema<Required<T>[K]>
    : Schema<T[K]>;
};

type ErrorText = (issue: { readonly input?: unknown }) => string;

function wants(expected: string): ErrorText {
  return ({ input }) =>
    input === undefined
      ? `missing, expected ${expected}`
      : `expected ${expected}, got ${show(input)}`;
}

/** Text instead of the usual "missing, expected a string" where callers know another one. */
export interface StringOptions {
  /** Message when the member is missing. */
  readonly missing?: string;
}

const usualText: Schema<string> = z.string({ error: wants("a string") });

/** A string. */
export function text(options: StringOptions = {}): Schema<string> {
  if (options.missing === undefined) return usualText;
  const usual = wants("a string");
  const { missing } = options;
  return z.string({
    error: (issue) =>
      missing !== undefined && issue.input === undefined
        ? missing
        : usual(issue),
  });
}

/** A string of a certain form; `expected` describes the form. */
export function patterned(pattern: RegExp, expected: string): Schema<string> {
  return z.custom<string>(
    (value) => typeof value === "string" && pattern.test(value),
    {
      error: wants(expected),
    },
  );
}

/** `true` or `false`. */
export const bool: Schema<boolean> = z.boolean({
  error: wants("true or false"),
});

/**
 * One of some words.
 *
 * @param words the words
 * @param unknown start of the message for another string, such as runc's `namespace "x" does not exist`
 */
export function oneOf<T extends string>(
  words: readonly T[],
  unknown?: (shown: string) => string,
): Schema<T> {
  const usual = wants(
    words.length > 1 ? `one of ${words.join(", ")}` : words.join(),
  );
  return z.enum(words, {
    error: (issue) => {
      const lead = typeof issue.input === "string"
        ? unknown?.(show(issue.input))
        : undefined;
      return lead === undefined ? usual(issue) : `${lead}, ${usual(issue)}`;
    },
  }) as unknown as Schema<T>;
}

/** An integer between two bounds that doubles hold exactly. */
export function integer(
  min: number,
  max: number,
  expected: string,
): Schema<number> {
  return z.custom<number>(
    (value) =>
      Number.isInteger(value) && (value as number) >= min &&
      (value as number) <= max,
    { error: wants(`${expected} (${min} to ${max})`) },
  );
}

function wideInteger(
  min: bigint,
  max: bigint,
  expected: string,
): Schema<number | bigint> {
  const usual = wants(`${expected} (${min} to ${max})`);
  return z.custom<number | bigint>(
    (value) =>
      (typeof value === "bigint" || Number.isSafeInteger(value)) &&
      (value as number | bigint) >= min && (value as number | bigint) <= max,
    {
      error: (issue) =>
        Number.isInteger(issue.input) && !Number.isSafeInteger(issue.input)
          ? `${
            usual(issue)
          }, which may have lost digits: write them all, in TypeScript as a bigint`
          : usual(issue),
    },
  );
}

/** An unsigned 16-bit integer. */
export const uint16: Schema<number> = integer(
  0,
  65535,
  "an unsigned 16-bit integer",
);
/** An unsigned 32-bit integer. */
export const uint32: Schema<number> = integer(
  0,
  4294967295,
  "an unsigned 32-bit integer",
);
/** A signed 32-bit integer. */
export const int32: Schema<number> = integer(
  -2147483648,
  2147483647,
  "a 32-bit integer",
);
/** An unsigned 64-bit integer. */
export const uint64: Schema<Uint64> = wideInteger(
  0n,
  18446744073709551615n,
  "an unsigned 64-bit integer",
);
/** A signed 64-bit integer. */
export const int64: Schema<Int64> = wideInteger(
  -9223372036854775808n,
  9223372036854775807n,
  "a 64-bit integer",
);

/** An array. */
export function list<T>(element: Schema<T>): Schema<T[]> {
  return z.array(element, { error: wants("an array") });
}

/** An array of strings. */
export const texts: Schema<string[]> = list(text());

/** An object whose members have names chosen by the caller. */
export function mapOf<T>(value: Schema<T>): Schema<Record<string, T>> {
  return z.record(z.string(), value, { error: wants("an object") });
}

/** A member that may be absent. */
export function optional<T>(schema: Schema<T>): OptionalSchema<T> {
  const known = optionals.get(schema) as OptionalSchema<T> | undefined;
  if (known !== undefined) return known;
  const made: OptionalSchema<T> = z.exactOptional(schema);
  optionals.set(schema, made);
  return made;
}

/** Made once for each schema: building them is what costs. */
const optionals = new WeakMap<object, unknown>();

/** A member that gets a value when it is absent, as Go's zero values do. */
export function defaulted<T>(schema: Schema<T>, value: () => T): Schema<T> {
  return z._default(schema as z.ZodMiniType, value) as unknown as Schema<T>;
}

/**
 * An object with the members of T; others are left out of the result.
 *
 * @param shape gives the members' schemas; called when the first such object is met: building all of them at start cost
 * half of the time that a whole container takes
 */
export function object<T>(shape: () => Shape<T>): Schema<T> {
  return z.lazy(() =>
    z.object(shape() as unknown as Record<string, z.ZodMiniType>, {
      error: wants("an object"),
    })
  ) as unknown as Schema<T>;
}

/** An object with the members of T and no others. See {@linkcode object}. */
export function closedObject<T>(shape: () => Shape<T>): Schema<T> {
  return z.lazy(() => {
    const members = shape() as unknown as Record<string, z.ZodMiniType>;
    const expected = Object.keys(members).join(", ");
    return z.strictObject(members, {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? `unknown name ${
            issue.keys.map(show).join(", ")
          }, expected ${expected}`
          : wants("an object")(issue),
    });
  }) as unknown as Schema<T>;
}

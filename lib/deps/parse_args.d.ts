/**
 * Types of @std/cli's parse_args, narrowed to what command lines here need:
 * flags are declared as literal names, and the result has exactly those.
 *
 * @module
 */

/** A positional argument; a string only if `string` contains `"_"`, else "007" becomes the number 7. */
export type Positional<S extends string> = "_" extends S ? string
  : string | number;

/** What to expect on the command line. */
export interface ParseOptions<
  B extends string,
  S extends string,
  C extends string,
  D extends boolean,
> {
  /**
   * Flags without a value. A following word `true` or `false` is taken as the flag's value.
   *
   * @default {[]}
   */
  readonly boolean?: readonly B[];
  /**
   * Flags with a value; `"_"` keeps positional arguments as they were typed. A flag without its
   * value yields an empty string.
   *
   * @default {[]}
   */
  readonly string?: readonly S[];
  /**
   * Those of `boolean` and `string` that may be repeated; they yield an array.
   *
   * @default {[]}
   */
  readonly collect?: readonly C[];
  /**
   * Those of `boolean` that may be given as `--no-x`.
   *
   * @default {[]}
   */
  readonly negatable?: readonly B[];
  /**
   * Values of absent flags.
   *
   * @default {{}}
   */
  readonly default?: Readonly<Partial<Record<B, boolean> & Record<S, string>>>;
  /**
   * Other names of flags, such as `{ bundle: "b" }`.
   *
   * @default {{}}
   */
  readonly alias?: Readonly<Partial<Record<B | S, string | readonly string[]>>>;
  /**
   * Stop at the first positional argument; the rest, flags included, is positional too.
   *
   * @default {false}
   */
  readonly stopEarly?: boolean;
  /**
   * Put what follows `--` into the property `--` instead of `_`.
   *
   * @default {false}
   */
  readonly "--"?: D;
  /**
   * Called for what is not declared, and for each positional argument (then without `key`). What it
   * answers with `false` is left out of the result.
   */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The parsed command line. */
export type Args<
  B extends string,
  S extends string,
  C extends string,
  D extends boolean,
> =
  & { [K in Exclude<B, C>]: boolean }
  & { [K in Exclude<S, C | "_">]?: string }
  & { [K in Extract<B, C>]: boolean[] }
  & { [K in Extract<S, C>]: string[] }
  & { _: Positional<S>[] }
  & (D extends true ? { "--": string[] } : unknown);

/**
 * Parses arguments.
 *
 * @param args the words, such as `Deno.args`
 * @param options the flags expected
 * @throws {TypeError} if an alias is undefined
 */
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends B | S = never,
  const D extends boolean = false,
>(
  args: readonly string[],
  options?: ParseOptions<B, S, C, D>,
): Args<B, S, C, D>;

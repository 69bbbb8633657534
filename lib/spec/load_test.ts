import {
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { loadSpec } from "./load.ts";

/** Runs a test with a temporary bundle whose config.json has the text. */
function withBundle(
  text: string | undefined,
  test: (bundle: string) => void,
): void {
  const bundle = Deno.makeTempDirSync({ prefix: "spec-load-" });
  try {
    if (text !== undefined) {
      Deno.writeTextFileSync(`${bundle}/config.json`, text);
    }
    test(bundle);
  } finally {
    Deno.removeSync(bundle, { recursive: true });
  }
}

function refusal(bundle: string): string {
  const error = assertThrows(() => loadSpec(bundle), ConfigError);
  return error.message;
}

Deno.test("loadSpec() reads the configuration of a bundle", () => {
  withBundle('{"ociVersion": "1.3.0", "vm": {}}', (bundle) => {
    assertEquals(loadSpec(`${bundle}/`), {
      spec: { ociVersion: "1.3.0" },
      unknown: ["/vm"],
    });
  });
});

Deno.test("loadSpec() says which file is missing, in runc's words", () => {
  withBundle(undefined, (bundle) => {
    assertEquals(
      refusal(bundle),
      `config: JSON specification file config.json not found in ${bundle}`,
    );
  });
});

Deno.test("loadSpec() says that the bundle is missing", () => {
  assertEquals(
    refusal("/no/bundle"),
    "config: bundle /no/bundle: no such file or directory",
  );
});

Deno.test("loadSpec() refuses a bundle that is a file, and a config.json that is a directory", () => {
  withBundle("{}", (bundle) => {
    const file = `${bundle}/config.json`;
    assertEquals(refusal(file), `config: bundle ${file}: not a directory`);
    Deno.removeSync(file);
    Deno.mkdirSync(file);
    assertEquals(refusal(bundle), `config: ${file}: is a directory`);
  });
});

Deno.test("loadSpec() names line and column of broken JSON and keeps the cause", () => {
  withBundle('{\n  "ociVersion": ,\n}', (bundle) => {
    const error = assertThrows(() => loadSpec(bundle), ConfigError);
    assertEquals(
      error.message,
      `config: ${bundle}/config.json is not JSON: line 2, column 17: expected a value, found ","`,
    );
    assertInstanceOf(error.cause, SyntaxError);
  });
});

Deno.test("loadSpec() refuses an empty file, null and trailing text", () => {
  withBundle("", (bundle) => {
    assertEquals(
      refusal(bundle),
      `config: ${bundle}/config.json is not JSON: line 1, column 1: expected a value, found end ` +
        "of the document",
    );
  });
  withBundle("null", (bundle) => {
    assertEquals(
      refusal(bundle),
      `config: config cannot be null, expected an object in ${bundle}/config.json`,
    );
  });
  withBundle("{} {}", (bundle) => {
    assertEquals(
      refusal(bundle),
      `config: ${bundle}/config.json is not JSON: line 1, column 4: expected the end of the ` +
        'document, found "{"',
    );
  });
});

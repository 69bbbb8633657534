import { assert, assertEquals } from "../deps/assert.ts";
import { encodeGiven, givenBlock } from "./given.ts";
import { checkId } from "./record.ts";

/** The string at an address of init's memory, which holds `data`. */
function stringAt(data: Uint8Array<ArrayBuffer>, offset: number): string {
  return new TextDecoder().decode(
    data.subarray(offset, data.indexOf(0, offset)),
  );
}

Deno.test("encodeGiven() puts the keyring's name and the id where init looks for them", () => {
  const { keyring, id } = givenBlock();
  const data = encodeGiven("web");
  assertEquals(stringAt(data, 0), "_ses.web");
  assert(id.of === keyring);
  assertEquals(stringAt(data, id.offset), "web");
});

Deno.test("givenBlock() has room for the longest id", () => {
  const id = "x".repeat(1024);
  checkId(id);
  assert(encodeGiven(id).length <= givenBlock().keyring.data.length);
});

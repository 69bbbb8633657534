import { assertEquals } from "../lib/deps/assert.ts";
import {
  decodeMessage,
  encodeMessage,
  MESSAGE,
  MESSAGE_SIZE,
} from "./protocol.ts";

Deno.test("a message is two words, the second one signed, with data behind", () => {
  const bytes = encodeMessage(0xffff_fffe, -2, new Uint8Array([7, 8]));
  assertEquals([...bytes], [254, 255, 255, 255, 254, 255, 255, 255, 7, 8]);
  assertEquals(decodeMessage(bytes), { code: 0xffff_fffe, value: -2 });
  assertEquals(encodeMessage(1, 2).length, MESSAGE_SIZE);
});

Deno.test("decodeMessage() reads where its bytes start", () => {
  const buffer = new Uint8Array([0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
  assertEquals(decodeMessage(buffer.subarray(4)), { code: 3, value: 4 });
});

Deno.test("every message has a code of its own", () => {
  const codes = Object.values(MESSAGE);
  assertEquals(new Set(codes).size, codes.length);
});

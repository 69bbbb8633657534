import { assert, assertEquals } from "../lib/deps/assert.ts";
import { memoryFile, readMemoryFile } from "./memfd.ts";
import { mapAt, mapLow } from "./memory.ts";

const SIZE = 65_536; // a page of any CPU

Deno.test("mapAt() maps zeros where it is told to, once", () => {
  const near = mapLow(SIZE).address;
  const address = near + 0x0080_0000;
  const region = mapAt(address, SIZE);
  assertEquals(region?.address, address);
  assertEquals(region?.bytes.length, SIZE);
  assert(region!.bytes.every((byte) => byte === 0));
  region!.bytes[0] = 1;
  assertEquals(mapAt(address, SIZE), undefined);
  assertEquals(region!.bytes[0], 1);
});

Deno.test("mapAt() maps a copy of a file, which stays as it is", () => {
  using file = memoryFile("file", new TextEncoder().encode("content"));
  const region = mapAt(mapLow(SIZE).address + 0x0080_0000, 7, file.number)!;
  assertEquals(new TextDecoder().decode(region.bytes), "content");
  region.bytes[0] = 0;
  assertEquals(new TextDecoder().decode(readMemoryFile(file)), "content");
});

Deno.test("mapLow() stays below 2 GiB, and takes no place twice", () => {
  const [one, other] = [mapLow(SIZE), mapLow(SIZE)];
  assert(one.address !== other.address);
  assert(Math.max(one.address, other.address) < 0x8000_0000);
});

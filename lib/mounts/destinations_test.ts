import { assertEquals, assertStrictEquals } from "../deps/assert.ts";
import { withDestinationsInside } from "./destinations.ts";

Deno.test("withDestinationsInside() takes the root off paths of the host, and leaves others alone", () => {
  const spec = (...destinations: string[]) => ({
    ociVersion: "1.3.0",
    mounts: destinations.map((destination) => ({
      destination,
      type: "tmpfs",
    })),
  });
  const inside = (rootfs: string, ...destinations: string[]) =>
    withDestinationsInside(spec(...destinations), rootfs).mounts
      ?.map((mount) => mount.destination);
  assertEquals(inside("/b/rootfs", "/b/rootfs/a", "/b", "/b/rootfs2/a"), [
    "/a",
    "/b",
    "/b/rootfs2/a",
  ]);
  assertEquals(inside("/b/", "/b/a", "/b"), ["/a", "/b"]);
  const same = spec("/a", "/b");
  assertStrictEquals(withDestinationsInside(same, "/c"), same);
  assertStrictEquals(withDestinationsInside(same, "/"), same);
});

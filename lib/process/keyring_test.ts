import { text } from "../../init/builder.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage, write } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import { joinSessionKeyring } from "./keyring.ts";

Deno.test("joinSessionKeyring() makes a keyring of the container's name, which its user may search", () => {
  assertEquals(linesOf((b) => joinSessionKeyring(b, text("_ses.web"), false)), [
    '0  join a session keyring: keyctl(1, "_ses.web", 0, 0, 0); any error: go to 2 (keyring joined)',
    `1  join a session keyring: keyctl(5, $0, ${0x3f1b_0000}, 0, 0); any error: go to 2 (keyring joined)`,
  ]);
});

Deno.test("joinSessionKeyring() lets others search it in a user namespace: its ids are not ours", () => {
  const [, permissions] = linesOf((b) =>
    joinSessionKeyring(b, text("_ses.web"), true)
  );
  assertEquals(permissions!.includes(`${0x3f13_0008}`), true);
});

Deno.test("joinSessionKeyring() never fails", async () => {
  const { code, output } = await runImage((b) => {
    joinSessionKeyring(b, text("x".repeat(1024)), false);
    write(b, "on");
  });
  assertEquals([code, output], [0, "on"]);
});

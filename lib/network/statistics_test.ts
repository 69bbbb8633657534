import { assertEquals } from "../deps/assert.ts";
import { parseInterfaceStats } from "./statistics.ts";

const HEADINGS =
  `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

Deno.test("parseInterfaceStats() reads columns, and passes over the loopback", () => {
  const text =
    `${HEADINGS}    lo:     840      10    0    0    0     0          0         0      840      10    0    0    0     0       0          0
  eth0: 12345678901     200    3    4    0     0          0         0     5      6    7    8    0     0       0          0
wg0:1 2 0 0 0 0 0 0 9 8 0 0 0 0 0 0
`;
  const none = { rxErrors: 0, rxDropped: 0, txErrors: 0, txDropped: 0 };
  assertEquals(parseInterfaceStats(text), [
    {
      name: "eth0",
      rxBytes: 12345678901,
      rxPackets: 200,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 5,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
    {
      name: "wg0",
      rxBytes: 1,
      rxPackets: 2,
      txBytes: 9,
      txPackets: 8,
      ...none,
    },
  ]);
  assertEquals(parseInterfaceStats(HEADINGS), []);
  assertEquals(parseInterfaceStats(""), []);
});

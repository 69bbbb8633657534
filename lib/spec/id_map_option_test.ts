import { assertEquals } from "../deps/assert.ts";
import {
  absoluteMappings,
  isIdMapOption,
  type MountIdMapping,
  parseIdMapOption,
} from "./id_map_option.ts";

function mapping(
  containerID: number,
  hostID: number,
  size: number,
  relative = false,
): MountIdMapping {
  return { containerID, hostID, size, relative };
}

Deno.test("isIdMapOption() tells options with mappings from those without", () => {
  const options = ["idmap=x", "ridmap=", "idmap", "ridmap", "xidmap=", "ro"];
  assertEquals(options.filter(isIdMapOption), ["idmap=x", "ridmap="]);
});

Deno.test("parseIdMapOption() reads lists of triples, relative ones too", () => {
  assertEquals(
    parseIdMapOption("idmap=uids=0-1000-1#@1-2-10;gids=5-6-4294967295"),
    {
      uids: [mapping(0, 1000, 1), mapping(1, 2, 10, true)],
      gids: [mapping(5, 6, 4294967295)],
    },
  );
  assertEquals(parseIdMapOption("ridmap=gids=0-0-1"), {
    gids: [mapping(0, 0, 1)],
  });
});

Deno.test("parseIdMapOption() says what is wrong", () => {
  const expected = (got: string) =>
    `got ${JSON.stringify(got)}, expected FILE-HOST-SIZE or \
@FILE-CONTAINER-SIZE`;
  const kinds = (got: string) =>
    `got ${JSON.stringify(got)}, expected uids=LIST or gids=LIST`;
  const cases: readonly [option: string, problem: string][] = [
    ["idmap=", kinds("")],
    ["idmap=users=0-1-2", kinds("users=0-1-2")],
    ["idmap=uids=0-1-2;", kinds("")],
    ["idmap=uids=", expected("")],
    ["idmap=uids=0-1", expected("0-1")],
    ["idmap=uids=0-1-2-3", expected("0-1-2-3")],
    ["idmap=uids=0-1-2#", expected("")],
    ["idmap=uids=0-1--2", expected("0-1--2")],
    ["idmap=uids=@@0-1-2", expected("@@0-1-2")],
    ["idmap=gids=0-4294967296-1", expected("0-4294967296-1")],
    ["idmap=gids=0x1-1-1", expected("0x1-1-1")],
    ["idmap=gids= 1-1-1", expected(" 1-1-1")],
    ["idmap=uids=0-1-2;uids=0-1-2", "uids is given twice"],
  ];
  assertEquals(
    cases.map(([option]) => parseIdMapOption(option)),
    cases.map(([, problem]) => problem),
  );
});

const CONTAINER = [
  { containerID: 0, hostID: 1000, size: 1 },
  { containerID: 1, hostID: 100_000, size: 10 },
];

Deno.test("absoluteMappings() leaves absolute ranges alone", () => {
  const plain = { containerID: 7, hostID: 8, size: 9 };
  assertEquals(
    absoluteMappings([{ ...plain, relative: false }], CONTAINER),
    [plain],
  );
});

Deno.test("absoluteMappings() looks relative ids up, and splits what lies apart", () => {
  assertEquals(absoluteMappings([mapping(50, 0, 4, true)], CONTAINER), [
    { containerID: 50, hostID: 1000, size: 1 },
    { containerID: 51, hostID: 100_000, size: 3 },
  ]);
  assertEquals(absoluteMappings([mapping(0, 10, 1, true)], CONTAINER), [
    { containerID: 0, hostID: 100_009, size: 1 },
  ]);
});

Deno.test("absoluteMappings() names the first id that the container does not have", () => {
  const problem = "id 11 is not mapped in the container's user namespace";
  assertEquals(
    absoluteMappings([mapping(0, 9, 5, true)], CONTAINER),
    problem,
  );
});

/**
 * Users and groups by name, from a container's own passwd(5) and group(5).
 *
 * @module
 */
import { parsePasswd } from "./home.ts";

/** The texts of the two files; empty where a container has none. */
export interface AccountFiles {
  /** /etc/passwd. */
  readonly passwd: string;
  /** /etc/group. */
  readonly group: string;
}

/** Who a process runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** The groups that list the user as a member; none where a group was named. */
  readonly groups: readonly number[];
}

/** One line of group(5). */
interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The largest id: (uid_t) -1 stands for "none". */
const ID_MAX = 0xffff_fffe;

function parseGroups(content: string): GroupEntry[] {
  return content.split("\n").flatMap((line): GroupEntry[] => {
    const [name, , gid, members] = line.split(":");
    if (name === undefined || !/^\d+$/.test(gid ?? "")) return [];
    const list = members?.split(",").filter((member) => member !== "") ?? [];
    return [{ name, gid: Number(gid), members: list }];
  });
}

/** The number that a word is, if it is one that an id may have. */
function idOf(word: string): number | undefined {
  if (!/^\d{1,10}$/.test(word)) return undefined;
  const id = Number(word);
  return id <= ID_MAX ? id : undefined;
}

/**
 * Finds a group by its name or number.
 *
 * @param word the name, or a number; the number need not be in the file
 * @returns its id; undefined if there is no such group
 */
export function findGroup(
  word: string,
  { group }: AccountFiles,
): number | undefined {
  const entry = parseGroups(group).find(({ name }) => name === word);
  return usableId(entry?.gid) ?? idOf(word);
}

/** An id from a file, if it is one: the container may have written anything there. */
function usableId(id: number | undefined): number | undefined {
  return id !== undefined && id <= ID_MAX ? id : undefined;
}

/**
 * Finds a user: `name`, `uid`, `name:group` or `uid:gid`; an empty text is root.
 *
 * A number that is in passwd(5) has the group of its line, another one has the group 0. Without a group in the text, the
 * user is in all groups of group(5) that list it.
 *
 * @param text the user
 * @param files where names are looked up
 * @returns the ids; undefined if the user or the group is unknown, or has an id that is none
 */
export function findAccount(
  text: string,
  files: AccountFiles,
): Account | undefined {
  const [word = "", groupWord] = text.split(/:(.*)/s);
  const user = word === "" ? "0" : word;
  const entries = parsePasswd(files.passwd);
  const entry = entries.find(({ name }) => name === user) ??
    entries.find(({ uid }) => uid === idOf(user));
  const uid = entry === undefined ? idOf(user) : usableId(entry.uid);
  if (uid === undefined) return undefined;
  if (groupWord) {
    const gid = findGroup(groupWord, files);
    return gid === undefined ? undefined : { uid, gid, groups: [] };
  }
  const gid = entry === undefined ? 0 : usableId(entry.gid);
  if (gid === undefined) return undefined;
  const groups = parseGroups(files.group)
    .filter(({ members }) =>
      entry !== undefined && members.includes(entry.name)
    )
    .flatMap(({ gid }) => usableId(gid) ?? []);
  return { uid, gid, groups: [...new Set(groups)] };
}

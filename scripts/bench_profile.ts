/**
 * Sums up a profile that `deno run --cpu-prof` wrote.
 *
 * @module
 */

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly endTime: number;
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

/** Time by function, in ms. */
export interface ProfileSums {
  /** Spent in the function itself. */
  readonly self: ReadonlyMap<string, number>;
  /** Spent in the function and in what it called. */
  readonly total: ReadonlyMap<string, number>;
}

/** A function's name and place, below the project's folder. */
function label({ callFrame }: ProfileNode, project: string): string {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName || "(anonymous)";
  if (!url) return name;
  const path = url.replace(`file://${project}`, "");
  return `${name} ${path}:${lineNumber + 1}`;
}

/**
 * Sums up the last part of a profile.
 *
 * @param lastMs how much of it, from its end
 * @param project the folder that paths are shown below, with a slash at its end
 */
export function sumProfile(
  text: string,
  lastMs: number,
  project: string,
): ProfileSums {
  const profile: CpuProfile = JSON.parse(text);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children } of profile.nodes) {
    for (const child of children ?? []) parents.set(child, id);
  }
  const chains = new Map<number, ReadonlySet<string>>();
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let now = profile.startTime;
  profile.samples.forEach((sample, i) => {
    now += profile.timeDeltas[i] ?? 0;
    if (now < profile.endTime - lastMs * 1000) return;
    // A sample stands for the time until the next one.
    const ms = (profile.timeDeltas[i + 1] ?? 0) / 1000;
    const own = label(nodes.get(sample)!, project);
    self.set(own, (self.get(own) ?? 0) + ms);
    let chain = chains.get(sample);
    if (chain === undefined) {
      const names = new Set<string>();
      for (let id: number | undefined = sample; id; id = parents.get(id)) {
        names.add(label(nodes.get(id)!, project));
      }
      chains.set(sample, chain = names);
    }
    for (const name of chain) total.set(name, (total.get(name) ?? 0) + ms);
  });
  return { self, total };
}

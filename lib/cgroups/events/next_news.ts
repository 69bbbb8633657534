/**
 * Waiting for what happens in a cgroup, or for its end.
 *
 * @module
 */
import { waitForNews } from "../../../ffi/poll.ts";
import type { End } from "./end.ts";
import type { Source } from "./source.ts";

/**
 * Waits for news of the source or of the end.
 *
 * @param lookMs how long at most; negative: for ever
 * @returns whether the source has told of something, and whether the container has ended
 */
export async function nextNews(
  source: Source,
  end: End,
  lookMs: number,
): Promise<{ isTold: boolean; isOver: boolean }> {
  const over = { isTold: false, isOver: true };
  if (source.news.fd.isClosed) return over;
  const { news, timeoutMs } = end.news;
  const limits = [lookMs, timeoutMs].filter((limit) => limit >= 0);
  const [isTold = false, isEnd = false] = await waitForNews(
    [source.news, ...news],
    limits.length === 0 ? -1 : Math.min(...limits),
  );
  if (source.news.fd.isClosed) return over;
  if (isTold && !source.take()) return { isTold, isOver: true };
  return { isTold, isOver: end.isOver(isEnd) };
}

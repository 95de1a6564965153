import type { Query } from '../request';

/**
 * Rows that are few, all together.
 */
export async function all<T>(batches: AsyncGenerator<unknown[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const batch of batches) {
    found.push(...(batch as T[]));
  }
  return found;
}

/**
 * A quiet question does not count as a person's activity: an idle server is stopped by its hub, even if a forgotten
 * page goes on asking.
 */
export function quiet(isQuiet: boolean): Query {
  return isQuiet ? { no_track_activity: 1 } : {};
}

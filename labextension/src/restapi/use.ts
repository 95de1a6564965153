import type { Settings } from '../request';
import { get, send } from '../request';
import type { CacheUse, Cleaned, Usage } from '../schema';

/**
 * What the account uses of each RSE, and may use.
 */
export function getUsage(
  settings: Settings,
  instance: string
): Promise<Usage[]> {
  return get(settings, [instance, 'usage']);
}

/**
 * The folders of the cache on this server's disk.
 */
export function listCaches(settings: Settings): Promise<CacheUse[]> {
  return get(settings, ['cache']);
}

/**
 * Delete files of the cache: those unused for so long, those of an instance, or all.
 */
export function cleanCache(
  settings: Settings,
  which: { older_than?: string; instance?: string }
): Promise<Cleaned> {
  return send(settings, 'DELETE', ['cache'], undefined, undefined, which);
}

import type { Settings } from '../request';
import { get, rows, send } from '../request';
import type { DownloadRequest, Job, OpenItem } from '../schema';
import { all } from './common';

/**
 * The open data of an instance that a text fits; all of it without one.
 */
export function listOpenData(
  settings: Settings,
  instance: string,
  text: string,
  signal: AbortSignal
): Promise<OpenItem[]> {
  return all(rows(settings, [instance, 'opendata'], { text }, signal));
}

export function getOpenItem(
  settings: Settings,
  instance: string,
  did: string
): Promise<OpenItem> {
  return get(settings, [instance, 'opendata', 'item'], { did });
}

export function downloadOpen(
  settings: Settings,
  instance: string,
  request: DownloadRequest
): Promise<Job> {
  return send(settings, 'POST', [instance, 'opendata', 'downloads'], request);
}

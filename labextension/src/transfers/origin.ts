import { PathExt } from '@jupyterlab/coreutils';

import type { IItem } from '../did';
import type { Job, JobFile } from '../schema';

/**
 * The transfers that may know a file of the file browser.
 */
export function candidates(jobs: readonly Job[], path: string): Job[] {
  const name = PathExt.basename(path);
  return jobs.filter(({ did, folder, kind, source }) => {
    const isIn = (place: string) => path.startsWith(`${place}/`);
    if (kind !== 'download') {
      return source === path || isIn(source);
    }
    return folder ? isIn(folder) : folder === '' && did?.endsWith(name);
  });
}

/**
 * Where a file of the file browser came from, or went to: its DID, as far as the transfers know it.
 */
export async function originOf(
  jobs: readonly Job[],
  path: string,
  listFiles: (id: string) => Promise<JobFile[]>
): Promise<IItem | null> {
  for (const job of candidates(jobs, path)) {
    const { instance, result, source } = job;
    if (result && source === path) {
      return { instance, did: result.did, type: 'file' };
    }
    const files = await listFiles(job.id);
    const file = files.find(
      each =>
        each.outcome !== 'failed' &&
        (each.path === path || each.path.endsWith(`/${path}`))
    );
    if (file) {
      return { instance, did: file.did, type: 'file' };
    }
  }
  return null;
}

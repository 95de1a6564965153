import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../components/ask';
import type { Job } from '../schema';
import { DownloadBody } from './body';
import type { DownloadModel } from './model';

/**
 * Ask where a DID goes; the answer is the job that brings it there, or null.
 */
export async function askDownload(
  model: DownloadModel,
  trans: TranslationBundle
): Promise<Job | null> {
  const title = trans.__('Download from the data lake');
  const accept = trans.__('Download');
  await ask(DownloadBody, model, trans, title, accept, 'input:checked');
  return model.job;
}

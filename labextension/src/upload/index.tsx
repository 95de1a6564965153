import type { TranslationBundle } from '@jupyterlab/translation';

import { ask } from '../components/ask';
import type { Job } from '../schema';
import { UploadBody } from './body';
import type { UploadModel } from './model';

/**
 * Ask where a file goes; the answer is the job that takes it there, or null.
 */
export async function askUpload(
  model: UploadModel,
  trans: TranslationBundle
): Promise<Job | null> {
  const title = trans.__('Upload to the data lake');
  const first = model.isSeveral ? '[name=scope]' : '[name=name]';
  await ask(UploadBody, model, trans, title, trans.__('Upload'), first);
  return model.job;
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
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
  const dialog = new FormDialog(model, {
    title: trans.__('Upload to the data lake'),
    draw: () => <UploadBody model={model} trans={trans} />,
    accept: trans.__('Upload'),
    trans,
    focus: model.isSeveral ? 'select[name=scope]' : 'input[name=name]'
  });
  await dialog.launch();
  return model.job;
}

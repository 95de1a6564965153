import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
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
  const dialog = new FormDialog(model, {
    title: trans.__('Download from the data lake'),
    draw: () => <DownloadBody model={model} trans={trans} />,
    accept: trans.__('Download'),
    trans,
    focus: 'input:checked'
  });
  await dialog.launch();
  return model.job;
}

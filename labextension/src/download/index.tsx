import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import type { Job } from '../schema';
import { DownloadBody } from './body';
import type { DownloadModel } from './model';

class Body extends VDomRenderer<DownloadModel> {
  constructor(
    model: DownloadModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-DownloadDialog');
  }

  protected render(): JSX.Element {
    return <DownloadBody model={this.model} trans={this.trans} />;
  }
}

/**
 * Ask where a DID goes; the answer is the job that brings it there, or null.
 */
export async function askDownload(
  model: DownloadModel,
  trans: TranslationBundle
): Promise<Job | null> {
  const dialog = new FormDialog(model, {
    title: trans.__('Download from the data lake'),
    body: new Body(model, trans),
    accept: trans.__('Download'),
    trans,
    focus: 'input:checked'
  });
  await dialog.launch();
  return model.job;
}

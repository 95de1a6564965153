import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import type { Job } from '../schema';
import { UploadBody } from './body';
import type { UploadModel } from './model';

class Body extends VDomRenderer<UploadModel> {
  constructor(
    model: UploadModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-UploadDialog');
  }

  protected render(): JSX.Element {
    return <UploadBody model={this.model} trans={this.trans} />;
  }
}

/**
 * Ask where a file goes; the answer is the job that takes it there, or null.
 */
export async function askUpload(
  model: UploadModel,
  trans: TranslationBundle
): Promise<Job | null> {
  const dialog = new FormDialog(model, {
    title: trans.__('Upload to the data lake'),
    body: new Body(model, trans),
    accept: trans.__('Upload'),
    trans,
    focus: model.isSeveral ? 'select[name=scope]' : 'input[name=name]'
  });
  await dialog.launch();
  return model.job;
}

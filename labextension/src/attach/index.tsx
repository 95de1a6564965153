import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { AttachBody } from './body';
import type { AttachModel } from './model';

class Body extends VDomRenderer<AttachModel> {
  constructor(
    model: AttachModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-AttachDialog');
  }

  protected render(): JSX.Element {
    return <AttachBody model={this.model} trans={this.trans} />;
  }
}

/**
 * Ask for the name of a variable and attach it; the answer is whether it was.
 */
export async function askAttach(
  model: AttachModel,
  trans: TranslationBundle
): Promise<boolean> {
  const dialog = new FormDialog(model, {
    title: trans.__('Attach to the notebook'),
    body: new Body(model, trans),
    accept: trans.__('Attach'),
    trans,
    focus: 'input'
  });
  await dialog.launch();
  return model.isDone;
}

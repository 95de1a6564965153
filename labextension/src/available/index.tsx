import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { AvailableBody } from './body';
import type { AvailableModel } from './model';

class Body extends VDomRenderer<AvailableModel> {
  constructor(
    model: AvailableModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-AvailableDialog');
  }

  protected render(): JSX.Element {
    return <AvailableBody model={this.model} trans={this.trans} />;
  }
}

/**
 * Ask how long a DID is to be kept here, and show what was granted.
 */
export async function askAvailable(
  model: AvailableModel,
  trans: TranslationBundle
): Promise<void> {
  const dialog = new FormDialog(model, {
    title: trans.__('Make available'),
    body: new Body(model, trans),
    accept: trans.__('Make available'),
    trans,
    focus: 'input:checked',
    showsResult: true
  });
  await dialog.launch();
}

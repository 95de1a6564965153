import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { AvailableBody } from './body';
import type { AvailableModel } from './model';

/**
 * Ask how long a DID is to be kept here, and show what was granted.
 */
export async function askAvailable(
  model: AvailableModel,
  trans: TranslationBundle
): Promise<void> {
  const dialog = new FormDialog(model, {
    title: trans.__('Make available'),
    draw: () => <AvailableBody model={model} trans={trans} />,
    accept: trans.__('Make available'),
    trans,
    focus: 'input:checked',
    showsResult: true
  });
  await dialog.launch();
}

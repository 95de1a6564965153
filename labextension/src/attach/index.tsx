import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { AttachBody } from './body';
import type { AttachModel } from './model';

/**
 * Ask for the name of a variable and attach it; the answer is whether it was.
 */
export async function askAttach(
  model: AttachModel,
  trans: TranslationBundle
): Promise<boolean> {
  const dialog = new FormDialog(model, {
    title: trans.__('Attach to the notebook'),
    draw: () => <AttachBody model={model} trans={trans} />,
    accept: trans.__('Attach'),
    trans,
    focus: 'input'
  });
  await dialog.launch();
  return model.isDone;
}

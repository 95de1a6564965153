import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { FormDialog } from './dialog';
import type { Form } from '../form';

/**
 * Show a form in a dialog; the answer is whether it was sent and accepted.
 */
export async function ask<T extends Form>(
  Body: (props: { model: T; trans: TranslationBundle }) => JSX.Element,
  model: T,
  trans: TranslationBundle,
  title: string,
  accept: string,
  focus?: string,
  showsResult?: boolean
): Promise<boolean> {
  await new FormDialog(model, {
    title,
    draw: () => <Body model={model} trans={trans} />,
    accept,
    trans,
    focus,
    showsResult
  }).launch();
  return model.isDone;
}

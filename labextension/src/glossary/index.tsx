import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { glossary } from './words';

/**
 * All words on one page.
 */
export async function showGlossary(trans: TranslationBundle): Promise<void> {
  const body = ReactWidget.create(
    <dl>
      {Object.entries(glossary(trans)).map(([key, [word, text]]) => (
        <React.Fragment key={key}>
          <dt>{word}</dt>
          <dd>{text}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
  body.addClass('jp-Dlaas-DialogBody');
  body.addClass('jp-Dlaas-Glossary');
  // It scrolls, also by the keyboard.
  body.node.tabIndex = 0;
  const dialog = new Dialog({
    title: trans.__('The words of the data lake'),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
  dialog.addClass('jp-Dlaas-Dialog');
  await dialog.launch();
}

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../components/button';

/**
 * The quiet offer of the tour at the foot of the panel.
 */
export class TourHint extends ReactWidget {
  constructor(
    private readonly acts: {
      begin: () => void;
      explain: () => void;
      close: () => void;
    },
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Dlaas-Hint');
  }

  protected render(): JSX.Element {
    const { acts, trans } = this;
    const link = (label: string, onClick: () => void) => (
      <button type="button" className="jp-Dlaas-link" onClick={onClick}>
        {label}
      </button>
    );
    return (
      <>
        {link(trans.__('Take the tour'), acts.begin)}
        {link(trans.__('Glossary'), acts.explain)}
        <IconButton
          label={trans.__('Do not offer the tour again')}
          icon="close"
          onClick={acts.close}
        />
      </>
    );
  }
}

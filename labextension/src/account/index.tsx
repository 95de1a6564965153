import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Section } from '../components/section';
import { AccountBody } from './body';
import { askClean } from './clean';
import type { AccountModel } from './model';

/**
 * The head of the panel: which lake, as whom.
 */
export class AccountSection extends Section<AccountModel> {
  constructor(model: AccountModel, trans: TranslationBundle) {
    super(model, trans);
    this.addClass('jp-Dlaas-AccountSection');
  }

  dispose(): void {
    if (!this.isDisposed) {
      const { model } = this;
      super.dispose();
      model.dispose();
    }
  }

  protected render(): JSX.Element {
    return (
      <AccountBody
        model={this.model}
        trans={this.trans}
        copy={text => Clipboard.copyToSystem(text)}
        clean={() => void askClean(this.model.lake, this.trans)}
      />
    );
  }
}

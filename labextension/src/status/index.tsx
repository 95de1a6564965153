import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { lakeIcon } from '../icons';
import type { LakeModel } from '../lake/model';
import { isLoggedIn } from '../login';
import type { TransfersModel } from '../transfers/model';

/**
 * The login and the running transfers in a few words, in the status bar; a click opens the panel.
 */
export class StatusItem extends VDomRenderer<LakeModel> {
  constructor(
    lake: LakeModel,
    private readonly transfers: TransfersModel,
    private readonly open: (section?: string) => void,
    private readonly trans: TranslationBundle
  ) {
    super(lake);
    transfers.stateChanged.connect(() => this.update(), this);
  }

  protected render(): JSX.Element {
    const { trans } = this;
    const running = this.transfers.underway;
    const transfers =
      running > 0 ? trans._n('%1 transfer', '%1 transfers', running) : '';
    const words = [loginText(this.model, trans), transfers].filter(Boolean);
    const title = trans.__('Data lake: %1', words.join(', '));
    return (
      <button
        type="button"
        className="jp-Dlaas-status"
        title={title}
        aria-label={title}
        onClick={() => this.open(running ? 'transfers' : undefined)}
      >
        <lakeIcon.react tag="span" width="16px" height="16px" />
        {words.join(' · ')}
      </button>
    );
  }
}

/**
 * How the login to the chosen instance is, in a word or two.
 */
export function loginText(
  { instance }: Pick<LakeModel, 'instance'>,
  trans: TranslationBundle
): string {
  const login = instance?.login;
  if (!login) {
    return '';
  }
  if (login.state === 'expired') {
    return trans.__('login ended');
  }
  if (login.state === 'pending') {
    return trans.__('logging in');
  }
  return isLoggedIn(login)
    ? (login.account ?? trans.__('logged in'))
    : trans.__('not logged in');
}

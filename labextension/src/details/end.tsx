import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { FormDialog } from '../components/dialog';
import { LifetimeField } from '../components/lifetime';
import { ProblemView } from '../components/problem';
import { Until } from '../components/when';
import type { EndModel } from './endModel';

class Body extends VDomRenderer<EndModel> {
  constructor(
    model: EndModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-Dlaas-EndDialog');
  }

  protected render(): JSX.Element {
    const { model, trans } = this;
    const { rule } = model;
    return (
      <>
        <p>
          {trans.__('%1 on %2', rule.did, rule.rse_expression)}
          {rule.expires_at && (
            <>
              {': '}
              <Until time={rule.expires_at} trans={trans} />
            </>
          )}
        </p>
        <LifetimeField
          legend={trans.__('Keep it from now on for')}
          value={model.lifetime}
          usual={null}
          onChange={value => {
            model.lifetime = value;
          }}
          trans={trans}
        />
        {model.problem && <ProblemView problem={model.problem} trans={trans} />}
      </>
    );
  }
}

/**
 * Ask for another end of a rule.
 */
export async function askEnd(
  model: EndModel,
  trans: TranslationBundle
): Promise<void> {
  const dialog = new FormDialog(model, {
    title: trans.__('Change the end of a rule'),
    body: new Body(model, trans),
    accept: trans.__('Change'),
    trans,
    focus: 'input:checked'
  });
  await dialog.launch();
}

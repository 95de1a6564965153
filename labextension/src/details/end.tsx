import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ask } from '../components/ask';
import { LifetimeField } from '../components/lifetime';
import { ProblemView } from '../components/problem';
import { Until } from '../components/when';
import type { EndModel } from './endModel';

/**
 * Ask for another end of a rule.
 */
export function askEnd(
  model: EndModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Change the end of a rule');
  return ask(EndBody, model, trans, title, trans.__('Change'), 'input:checked');
}

function EndBody({
  model,
  trans
}: {
  model: EndModel;
  trans: TranslationBundle;
}): JSX.Element {
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

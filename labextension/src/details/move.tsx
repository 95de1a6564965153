import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { PlaceField } from '../available/where';
import { ask } from '../components/ask';
import { ProblemView } from '../components/problem';
import type { MoveModel } from './moveModel';

/**
 * Ask for another place for what a rule keeps.
 */
export function askMove(
  model: MoveModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Put it elsewhere');
  const accept = trans.__('Put it there');
  return ask(MoveBody, model, trans, title, accept, 'select', true);
}

function MoveBody(props: {
  model: MoveModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { granted, problem, rule } = model;
  return (
    <>
      <p>{trans.__('%1 on %2', rule.did, rule.rse_expression)}</p>
      {granted ? (
        <p role="status">{granted.note}</p>
      ) : (
        <PlaceField
          label={trans.__('Where instead')}
          places={model.places}
          value={model.place}
          empty={trans.__('Choose a place')}
          onChange={place => {
            model.place = place;
          }}
          trans={trans}
        />
      )}
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice } from '../../components/field';
import { ProblemView } from '../../components/problem';
import { Quiet } from '../../components/text';
import type { CellsModel } from './model';

/**
 * The cells by their titles, and the code of the one that is chosen.
 */
export function CellsBody(props: {
  model: CellsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { cells, chosen, problem } = model;
  const group = React.useId();
  return (
    <>
      {!cells && !problem && <Quiet>{trans.__('Asking…')}</Quiet>}
      {cells && (
        <fieldset className="jp-Dlaas-places">
          <legend>{trans.__('Cell')}</legend>
          {cells.map(({ title }, index) => (
            <Choice
              key={title}
              type="radio"
              name={group}
              checked={index === model.index}
              onChange={() => {
                model.index = index;
              }}
            >
              {title}
            </Choice>
          ))}
        </fieldset>
      )}
      {chosen && (
        <pre
          className="jp-Dlaas-code"
          tabIndex={0}
          aria-label={trans.__('Code')}
          role="region"
        >
          {chosen.code}
        </pre>
      )}
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

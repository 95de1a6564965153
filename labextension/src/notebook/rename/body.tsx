import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { NameField } from '../../attach/name';
import { ProblemView } from '../../components/problem';
import type { RenameModel } from './model';

/**
 * Which variable gets which name, and which cells go on using the old one.
 */
export function RenameBody(props: {
  model: RenameModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { cells, problem, record } = model;
  const old = record.variableName;
  return (
    <>
      <NameField
        name={model.name}
        fault={model.fault}
        hint={trans.__('The name %1 becomes free.', old)}
        onChange={name => {
          model.name = name;
        }}
        trans={trans}
      />
      {cells.length > 0 && (
        <p>
          {trans._n(
            'Cell %2 uses %3. It is not changed: change it yourself.',
            'Cells %2 use %3. They are not changed: change them yourself.',
            cells.length,
            cells.join(', '),
            old
          )}
        </p>
      )}
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { TextField } from '../components/field';
import type { NameFault } from '../notebook/names';

/**
 * The field for a variable's name: what is wrong with it, else a hint.
 */
export function NameField(props: {
  name: string;
  fault: NameFault | null;
  hint: string;
  onChange: (name: string) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { fault, name, onChange, trans } = props;
  const hint = React.useId();
  const wrong = faultText(fault, trans);
  return (
    <>
      <TextField
        label={trans.__('Name of the variable')}
        className="jp-mod-code"
        name="variable"
        aria-invalid={wrong !== null}
        aria-describedby={hint}
        value={name}
        onChange={onChange}
      />
      <p
        id={hint}
        className={wrong ? 'jp-Dlaas-wrong' : 'jp-Dlaas-quiet'}
        role="status"
      >
        {wrong ?? props.hint}
      </p>
    </>
  );
}

function faultText(
  fault: NameFault | null,
  trans: TranslationBundle
): string | null {
  switch (fault) {
    case 'missing':
      return trans.__('Give the variable a name.');
    case 'form':
      return trans.__(
        'A name has letters, digits and underscores, and begins with no digit.'
      );
    case 'taken':
      return trans.__('Python needs that name itself.');
    case 'used':
      return trans.__('This notebook has such a variable already.');
    case null:
      return null;
  }
}

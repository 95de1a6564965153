import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../components/icon';
import type { Term } from './words';
import { glossary } from './words';

/**
 * What a word means, folded out below it on request; also within dialogs, where no other dialog can be opened.
 */
export function Help(props: {
  term: Term;
  trans: TranslationBundle;
}): JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  const [word, text] = glossary(props.trans)[props.term];
  const label = props.trans.__('What is this: %1?', word);
  return (
    <>
      <button
        type="button"
        className="jp-Dlaas-iconButton"
        aria-expanded={isOpen}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="info" />
      </button>
      {isOpen && (
        <span className="jp-Dlaas-help" role="note">
          {text}
        </span>
      )}
    </>
  );
}

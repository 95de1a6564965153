import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Input } from '../components/input';
import { Item } from '../components/item';
import { StateBadge } from '../components/state';
import type { NameFault } from '../notebook/names';
import type { AttachModel } from './model';

interface IProps {
  model: AttachModel;
  trans: TranslationBundle;
}

/**
 * Which DID gets which name in which notebook.
 */
export function AttachBody({ model, trans }: IProps): JSX.Element {
  const { item, title } = model;
  const { status, isAsking } = model.known;
  const hint = React.useId();
  if (title === null) {
    return (
      <p className="jp-Dlaas-quiet" role="alert">
        {trans.__('No notebook is open. Open or create one, then attach.')}
      </p>
    );
  }
  const wrong = faultText(model.fault, trans);
  return (
    <>
      <div className="jp-Dlaas-what">
        <Item text={item.did} type={item.type} />
        <dl>
          <dt>{trans.__('Notebook')}</dt>
          <dd>{title}</dd>
          <dt>{trans.__('Now')}</dt>
          <dd>
            <StateBadge status={status} asking={isAsking} trans={trans} />
          </dd>
        </dl>
      </div>
      <label className="jp-Dlaas-field">
        <span>{trans.__('Name of the variable')}</span>
        <Input
          className={`jp-mod-code ${wrong ? 'jp-mod-error' : ''}`}
          name="variable"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          aria-invalid={wrong !== null}
          aria-describedby={hint}
          value={model.name}
          onChange={name => {
            model.name = name;
          }}
        />
      </label>
      <p
        id={hint}
        className={wrong ? 'jp-Dlaas-wrong' : 'jp-Dlaas-quiet'}
        role="status"
      >
        {wrong ?? useText(model, trans)}
      </p>
    </>
  );
}

function useText(model: AttachModel, trans: TranslationBundle): string {
  const state = model.known.status?.state;
  if (state && state !== 'available') {
    return trans.__(
      'The data is not all here yet: the variable knows that, and is set again when it has come.'
    );
  }
  return model.item.type === 'file'
    ? trans.__('Give %1 to whatever opens files.', model.name)
    : trans.__('It is a list of its files: for file in %1', model.name);
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

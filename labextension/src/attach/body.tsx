import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Item } from '../components/item';
import { StateBadge } from '../components/state';
import { Quiet } from '../components/text';
import type { AttachModel } from './model';
import { NameField } from './name';

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
  if (title === null) {
    return (
      <Quiet role="alert">
        {trans.__('No notebook is open. Open or create one, then attach.')}
      </Quiet>
    );
  }
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
      <NameField
        name={model.name}
        fault={model.fault}
        hint={useText(model, trans)}
        onChange={name => {
          model.name = name;
        }}
        trans={trans}
      />
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

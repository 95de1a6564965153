import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice, TextField } from '../../components/field';
import { Item } from '../../components/item';
import { LifetimeField } from '../../components/lifetime';
import { ProblemView } from '../../components/problem';
import { Quiet, Wrong } from '../../components/text';
import { ScopeField } from '../../upload/body';
import type { PublishModel } from './model';

interface IProps {
  model: PublishModel;
  trans: TranslationBundle;
}

/**
 * Where a notebook is published, for how long, and what it read.
 */
export function PublishBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { instance, problem } = model;
  return (
    <>
      <div className="jp-Dlaas-what">
        <Item text={model.path} type="file" />
        <Quiet>
          {trans.__(
            'With its outputs, modules, software and inputs, as one dataset in %1.',
            instance?.display_name ?? ''
          )}
        </Quiet>
      </div>
      <ScopeField model={model} trans={trans} />
      <TextField
        label={trans.__('Name (optional)')}
        name="name"
        placeholder={trans.__("the notebook's, and a mark of its contents")}
        aria-invalid={model.nameFault}
        value={model.name}
        onChange={name => {
          model.name = name;
        }}
      />
      {model.nameFault && (
        <Wrong>{trans.__('A name has no spaces and no *.')}</Wrong>
      )}
      <Inputs {...props} />
      <LifetimeField
        legend={trans.__('Keep it for')}
        value={model.lifetime}
        usual={null}
        withEndless
        onChange={value => {
          model.lifetime = value;
        }}
        trans={trans}
      />
      {problem && (
        <ProblemView problem={problem} trans={trans}>
          {problem.details.found !== undefined && (
            <Choice
              checked={model.isSure}
              onChange={isSure => {
                model.isSure = isSure;
              }}
            >
              {trans.__('These are no secrets')}
            </Choice>
          )}
        </ProblemView>
      )}
    </>
  );
}

/**
 * What the notebook read: what is attached in any case, and of what its cells name what is ticked.
 */
function Inputs({ model, trans }: IProps): JSX.Element | null {
  const { attached, named } = model;
  if (!attached.length && !named.length) {
    return null;
  }
  return (
    <fieldset className="jp-Dlaas-places">
      <legend>{trans.__('What it read')}</legend>
      {[...attached, ...named].map(did => (
        <Choice
          key={did}
          checked={attached.includes(did) || model.isTicked(did)}
          // What is attached stands in the notebook itself.
          disabled={attached.includes(did)}
          onChange={isTicked => model.tick(did, isTicked)}
        >
          {did}
        </Choice>
      ))}
    </fieldset>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { SelectField, TextField } from '../components/field';
import { Item } from '../components/item';
import { LifetimeField } from '../components/lifetime';
import { ProblemView } from '../components/problem';
import { Quiet, Wrong } from '../components/text';
import { formatBytes } from '../format';
import { Help } from '../glossary/help';
import { isLoggedIn } from '../login';
import type { Duplicates, Field, UploadModel } from './model';

/**
 * So many of the chosen files are named.
 */
const SHOWN = 4;

interface IProps {
  model: UploadModel;
  trans: TranslationBundle;
}

/**
 * Where a file goes, and for how long.
 */
export function UploadBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { instance } = model;
  if (!instance || !isLoggedIn(instance.login)) {
    return (
      <Quiet role="alert">
        {trans.__('You are not logged in to a data lake. Log in in its panel.')}
      </Quiet>
    );
  }
  return (
    <>
      <div className="jp-Dlaas-what">
        {model.chosen.slice(0, SHOWN).map(file => (
          <Item
            key={file.path}
            text={file.name}
            title={file.path}
            type={file.isFolder ? 'dataset' : 'file'}
            size={
              file.size !== null && !file.isFolder
                ? formatBytes(file.size)
                : undefined
            }
          />
        ))}
        {model.chosen.length > SHOWN && (
          <Quiet>{trans.__('and %1 more', model.chosen.length - SHOWN)}</Quiet>
        )}
        <Quiet>{trans.__('To %1', instance.display_name)}</Quiet>
      </div>
      <Scope {...props} />
      {model.isSeveral ? <Several {...props} /> : <FileName {...props} />}
      <Dataset {...props} />
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
      <ProblemAt {...props} field="lifetime" />
      <Where {...props} />
      <ProblemAt {...props} field={null} />
    </>
  );
}

/**
 * How several files are named, and what becomes of those whose name is taken.
 */
function Several(props: IProps): JSX.Element {
  const { model, trans } = props;
  const choices: [Duplicates, string][] = [
    ['fail', trans.__('it is left out and reported')],
    ['rename', trans.__('it gets a free name (-2, -3)')],
    ['version', trans.__('it is a new version (-v2, -v3)')]
  ];
  return (
    <>
      <Quiet>
        {trans.__(
          'Each file keeps its name, those of a folder with their path below it. Hidden files are left out.'
        )}
      </Quiet>
      <SelectField
        label={trans.__('Where another file has the name')}
        name="duplicates"
        value={model.duplicates}
        options={choices}
        onChange={value => {
          model.duplicates = value as Duplicates;
        }}
      />
      <ProblemAt {...props} field="name" />
    </>
  );
}

/**
 * The problem, if it is this field's.
 */
function ProblemAt(
  props: IProps & { field: Field | null }
): JSX.Element | null {
  const { field, model, trans } = props;
  return model.problem && model.wrongField === field ? (
    <ProblemView problem={model.problem} trans={trans} />
  ) : null;
}

function Scope(props: IProps): JSX.Element {
  const { model, trans } = props;
  return (
    <>
      <div className="jp-Dlaas-helped">
        <ScopeField
          model={model}
          aria-invalid={model.wrongField === 'scope'}
          trans={trans}
        />
        <Help term="scope" trans={trans} />
      </div>
      <ProblemAt {...props} field="scope" />
    </>
  );
}

/**
 * The scopes that one may write to.
 */
export function ScopeField(props: {
  model: { scope: string; scopes: readonly string[] | null };
  'aria-invalid'?: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { scopes } = model;
  const none = scopes
    ? trans.__('None that you may write to')
    : trans.__('Asking…');
  return (
    <SelectField
      label={trans.__('Scope')}
      name="scope"
      value={model.scope}
      disabled={!scopes?.length}
      aria-invalid={props['aria-invalid']}
      options={scopes?.length ? scopes : [['', none]]}
      onChange={scope => {
        model.scope = scope;
      }}
    />
  );
}

function FileName(props: IProps): JSX.Element {
  const { model, trans } = props;
  const fault = model.nameFault;
  return (
    <>
      <TextField
        label={trans.__('Name')}
        name="name"
        aria-invalid={fault !== null || model.wrongField === 'name'}
        value={model.name}
        onChange={name => {
          model.name = name;
        }}
      />
      {fault ? (
        <Wrong>
          {fault === 'missing'
            ? trans.__('Give it a name.')
            : trans.__('A name has no spaces and no *.')}
        </Wrong>
      ) : (
        <Quiet>
          {trans.__('A name is for ever, even after its data is deleted.')}
        </Quiet>
      )}
      <ProblemAt {...props} field="name" />
    </>
  );
}

function Dataset(props: IProps): JSX.Element {
  const { model, trans } = props;
  const fault = model.datasetFault;
  return (
    <>
      <TextField
        label={trans.__('Dataset (optional)')}
        name="dataset"
        placeholder={trans.__('none; a new name makes a new dataset')}
        aria-invalid={fault !== null || model.wrongField === 'dataset'}
        value={model.dataset}
        onChange={dataset => {
          model.dataset = dataset;
        }}
      />
      {fault && <Wrong>{trans.__('A name has no spaces and no *.')}</Wrong>}
      <ProblemAt {...props} field="dataset" />
    </>
  );
}

function Where(props: IProps): JSX.Element {
  const { model, trans } = props;
  const own = model.instance?.upload_rse ?? model.instance?.destination_rse;
  const usual = own
    ? trans.__('%1 (the usual one)', own)
    : trans.__('The usual one');
  const others = model.rses
    .filter(({ name }) => name !== own)
    .map(
      ({ name, qos, site }) =>
        [name, [name, site, qos].filter(Boolean).join(' · ')] as const
    );
  return (
    <>
      <div className="jp-Dlaas-helped">
        <SelectField
          label={trans.__('RSE')}
          name="rse"
          value={model.rse}
          aria-invalid={model.wrongField === 'rse'}
          options={[['', usual], ...others]}
          onChange={rse => {
            model.rse = rse;
          }}
        />
        <Help term="rse" trans={trans} />
      </div>
      <ProblemAt {...props} field="rse" />
    </>
  );
}

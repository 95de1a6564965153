import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Input } from '../components/input';
import { Item } from '../components/item';
import { LifetimeField } from '../components/lifetime';
import { ProblemView } from '../components/problem';
import { formatBytes } from '../format';
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
      <p className="jp-Dlaas-quiet" role="alert">
        {trans.__('You are not logged in to a data lake. Log in in its panel.')}
      </p>
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
          <p className="jp-Dlaas-quiet">
            {trans.__('and %1 more', model.chosen.length - SHOWN)}
          </p>
        )}
        <p className="jp-Dlaas-quiet">
          {trans.__('To %1', instance.display_name)}
        </p>
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
      <p className="jp-Dlaas-quiet">
        {trans.__(
          'Each file keeps its name, those of a folder with their path below it. Hidden files are left out.'
        )}
      </p>
      <label className="jp-Dlaas-field">
        <span>{trans.__('Where another file has the name')}</span>
        <select
          className="jp-Dlaas-select"
          name="duplicates"
          value={model.duplicates}
          onChange={event => {
            model.duplicates = event.target.value as Duplicates;
          }}
        >
          {choices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
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
  const { scopes } = model;
  return (
    <>
      <label className="jp-Dlaas-field">
        <span>{trans.__('Scope')}</span>
        <select
          className="jp-Dlaas-select"
          name="scope"
          value={model.scope}
          disabled={!scopes?.length}
          aria-invalid={model.wrongField === 'scope'}
          onChange={event => {
            model.scope = event.target.value;
          }}
        >
          {!scopes && <option value="">{trans.__('Asking…')}</option>}
          {scopes?.length === 0 && (
            <option value="">{trans.__('None that you may write to')}</option>
          )}
          {scopes?.map(scope => (
            <option key={scope} value={scope}>
              {scope}
            </option>
          ))}
        </select>
      </label>
      <ProblemAt {...props} field="scope" />
    </>
  );
}

function FileName(props: IProps): JSX.Element {
  const { model, trans } = props;
  const fault = model.nameFault;
  return (
    <>
      <label className="jp-Dlaas-field">
        <span>{trans.__('Name')}</span>
        <Input
          className={fault ? 'jp-mod-error' : ''}
          name="name"
          spellCheck={false}
          autoComplete="off"
          aria-invalid={fault !== null || model.wrongField === 'name'}
          value={model.name}
          onChange={name => {
            model.name = name;
          }}
        />
      </label>
      {fault ? (
        <p className="jp-Dlaas-wrong" role="status">
          {fault === 'missing'
            ? trans.__('Give it a name.')
            : trans.__('A name has no spaces and no *.')}
        </p>
      ) : (
        <p className="jp-Dlaas-quiet">
          {trans.__('A name is for ever, even after its data is deleted.')}
        </p>
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
      <label className="jp-Dlaas-field">
        <span>{trans.__('Dataset (optional)')}</span>
        <Input
          className={fault ? 'jp-mod-error' : ''}
          name="dataset"
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('none; a new name makes a new dataset')}
          aria-invalid={fault !== null || model.wrongField === 'dataset'}
          value={model.dataset}
          onChange={dataset => {
            model.dataset = dataset;
          }}
        />
      </label>
      {fault && (
        <p className="jp-Dlaas-wrong" role="status">
          {trans.__('A name has no spaces and no *.')}
        </p>
      )}
      <ProblemAt {...props} field="dataset" />
    </>
  );
}

function Where(props: IProps): JSX.Element {
  const { model, trans } = props;
  const own = model.instance?.upload_rse ?? model.instance?.destination_rse;
  return (
    <>
      <label className="jp-Dlaas-field">
        <span>{trans.__('RSE')}</span>
        <select
          className="jp-Dlaas-select"
          name="rse"
          value={model.rse}
          aria-invalid={model.wrongField === 'rse'}
          onChange={event => {
            model.rse = event.target.value;
          }}
        >
          <option value="">
            {own
              ? trans.__('%1 (the usual one)', own)
              : trans.__('The usual one')}
          </option>
          {model.rses
            .filter(({ name }) => name !== own)
            .map(rse => (
              <option key={rse.name} value={rse.name}>
                {[rse.name, rse.site, rse.qos].filter(Boolean).join(' · ')}
              </option>
            ))}
        </select>
      </label>
      <ProblemAt {...props} field="rse" />
    </>
  );
}

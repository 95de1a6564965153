import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { StateBadge } from '../components/state';
import { explain } from '../problems';
import type { VariableRecord } from '../schema';
import type { Attachments, IVariableState } from './attachments';
import type { NotebookModel } from './model';
import { MEND } from './model';

interface IProps {
  model: NotebookModel;
  find: (item: { did: string; instance: string }) => void;
  trans: TranslationBundle;
}

/**
 * The variables of the current notebook that stand for data in the lake.
 */
export function NotebookBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { attachments, panel } = model;
  if (!panel || !attachments) {
    return (
      <div className="jp-Dlaas-empty">
        <strong>{trans.__('No notebook is open')}</strong>
        <p>
          {trans.__(
            'Open one: the data that you attach to it is listed here, under the names of its variables.'
          )}
        </p>
      </div>
    );
  }
  const { records } = attachments;
  return (
    <>
      <h3 className="jp-Dlaas-notebook-title" title={panel.context.path}>
        {panel.title.label}
      </h3>
      <Obstacle {...props} />
      {records.length === 0 && (
        <div className="jp-Dlaas-empty">
          <strong>{trans.__('This notebook holds no data yet')}</strong>
          <p>
            {trans.__(
              'Search for a DID under Explore, select it, and attach it: it becomes a variable that you can open.'
            )}
          </p>
        </div>
      )}
      <ul className="jp-Dlaas-variables" aria-label={trans.__('Variables')}>
        {records.map(record => (
          <Variable
            key={record.variableName}
            {...props}
            record={record}
            attachments={attachments}
          />
        ))}
      </ul>
    </>
  );
}

/**
 * What keeps all variables from being set, with its mend.
 */
function Obstacle({ model, trans }: IProps): JSX.Element | null {
  const { obstacle } = model;
  if (!obstacle) {
    return null;
  }
  return (
    <ProblemView problem={obstacle} trans={trans}>
      {obstacle.error === 'KernelWithoutLibrary' && (
        <>
          <code className="jp-Dlaas-mend">{MEND}</code>
          <Button
            primary
            label={trans.__('Insert the cell')}
            onClick={() => model.insertMend()}
          />
          <Button
            label={trans.__('Try again')}
            onClick={() => void model.attachments?.setAll()}
          />
        </>
      )}
    </ProblemView>
  );
}

function Variable(
  props: IProps & { attachments: Attachments; record: VariableRecord }
): JSX.Element {
  const { attachments, model, record, find, trans } = props;
  const { did, variableName: name } = record;
  const state = attachments.state(name);
  const known = attachments.known(record);
  const instance = attachments.instance(record);
  return (
    <li className="jp-Dlaas-variable" data-variable={name}>
      <div className="jp-Dlaas-variable-head">
        <code title={state.text || undefined}>{name}</code>
        <span className="jp-Dlaas-variable-acts">
          {state.phase !== 'setting' && attachments.kernel && (
            <IconButton
              label={trans.__('Set %1 in the kernel again', name)}
              icon="refresh"
              onClick={() => void attachments.set(name)}
            />
          )}
          <IconButton
            label={trans.__('Insert %1 as code', name)}
            icon="code"
            onClick={() => model.insertCode(record)}
          />
          <IconButton
            label={trans.__('Detach %1', name)}
            icon="close"
            onClick={() => void attachments.remove(name)}
          />
        </span>
      </div>
      <button
        type="button"
        className="jp-Dlaas-link"
        title={did}
        disabled={!instance}
        onClick={() => instance && find({ did, instance })}
      >
        <Name text={did} />
      </button>
      <div className="jp-Dlaas-card-line">
        <StateBadge
          status={known?.status ?? null}
          asking={known?.isAsking ?? false}
          trans={trans}
        />
        <KernelMark state={state} trans={trans} />
        {known?.problem && !known.status && (
          <span className="jp-Dlaas-wrong" role="alert">
            {explain(known.problem, trans).title}
          </span>
        )}
      </div>
      {state.problem && state.problem.error !== model.obstacle?.error && (
        <ProblemView problem={state.problem} trans={trans}>
          <Button
            label={trans.__('Try again')}
            onClick={() => void attachments.set(name)}
          />
        </ProblemView>
      )}
    </li>
  );
}

/**
 * Whether the kernel knows the variable.
 */
function KernelMark(props: {
  state: IVariableState;
  trans: TranslationBundle;
}): JSX.Element {
  const { state, trans } = props;
  return (
    <span
      className={`jp-Dlaas-variable-state jp-mod-${state.phase}`}
      role="status"
      data-phase={state.phase}
    >
      {phaseText(state.phase, trans)}
    </span>
  );
}

function phaseText(
  phase: IVariableState['phase'],
  trans: TranslationBundle
): string {
  switch (phase) {
    case 'setting':
      return trans.__('setting…');
    case 'set':
      return trans.__('set in the kernel');
    case 'problem':
      return trans.__('not set');
    case 'unknown':
      return '';
  }
}

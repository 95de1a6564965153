import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { StateBadge } from '../components/state';
import { Until } from '../components/when';
import { expiresSoon } from '../lake/expiry';
import { explain } from '../problems';
import type { VariableRecord } from '../schema';
import type { Attachments } from './attachments';
import type { INotebookActs } from './body';
import type { IDrag } from './drag';
import type { IVariableState } from './inKernel';
import { openMenu } from './menu';
import type { NotebookModel } from './model';

interface IProps {
  model: NotebookModel;
  acts: INotebookActs;
  attachments: Attachments;
  record: VariableRecord;
  index: number;
  drag: IDrag;
  trans: TranslationBundle;
}

/**
 * A variable: what it stands for, where that is, and whether the kernel knows it.
 */
export function Variable(props: IProps): JSX.Element {
  const { acts, attachments, drag, index, model, record, trans } = props;
  const { did, variableName: name } = record;
  const state = attachments.state(name);
  const known = attachments.known(record);
  const { status } = known;
  const instance = attachments.instance(record);
  const isSoon = expiresSoon(status);
  return (
    <li
      className={`jp-Dlaas-variable ${drag.over === index ? 'jp-mod-over' : ''}`}
      data-variable={name}
      data-did={did}
      data-instance={instance ?? undefined}
      {...drag.onRow(index)}
    >
      <div className="jp-Dlaas-variable-head">
        <Grip {...props} />
        <code title={state.text || undefined}>{name}</code>
        <span className="jp-Dlaas-variable-acts">
          <IconButton
            label={trans.__('Insert %1 as code', name)}
            icon="code"
            onClick={() =>
              model.language === 'python'
                ? model.insertCode(record)
                : acts.cells(record)
            }
          />
          <More {...props} />
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
        onClick={() => instance && acts.find({ did, instance })}
      >
        <Name text={did} />
      </button>
      <div className="jp-Dlaas-card-line">
        {known.problem && !status ? (
          <span className="jp-Dlaas-wrong" role="alert">
            {explain(known.problem, trans).title}
          </span>
        ) : (
          <StateBadge status={status} asking={known.isAsking} trans={trans} />
        )}
        {isSoon && (
          <span className="jp-Dlaas-soon">
            {trans.__('ends soon')}{' '}
            <Until time={status!.expires_at!} trans={trans} />
          </span>
        )}
        <KernelMark state={state} trans={trans} />
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
 * What is dragged with the mouse or moved with the arrow keys.
 */
function Grip(props: IProps): JSX.Element {
  const { attachments, drag, index, record, trans } = props;
  const { variableName: name } = record;
  const { length } = attachments.records;
  return (
    <button
      type="button"
      className="jp-Dlaas-iconButton jp-Dlaas-grip"
      draggable
      aria-label={trans.__(
        'Move %1 by arrow keys or mouse: %2 of %3',
        name,
        index + 1,
        length
      )}
      onKeyDown={event => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (step) {
          event.preventDefault();
          attachments.move(name, index + step);
        }
      }}
      {...drag.onGrip(name)}
    >
      <span aria-hidden="true">⠿</span>
    </button>
  );
}

/**
 * The other acts on a variable.
 */
function More(props: IProps): JSX.Element {
  const { acts, attachments, index, record, trans } = props;
  const { did, variableName: name } = record;
  const instance = attachments.instance(record);
  const label = trans.__('More for %1', name);
  return (
    <button
      type="button"
      className="jp-Dlaas-iconButton"
      aria-label={label}
      title={label}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={event =>
        openMenu(event.currentTarget, [
          { label: trans.__('Rename…'), run: () => acts.rename(record) },
          {
            label: trans.__('Ready-made cells…'),
            run: () => acts.cells(record)
          },
          {
            label: trans.__('Make available…'),
            run: () => instance && acts.makeAvailable({ did, instance }),
            isEnabled: instance !== null
          },
          {
            label: trans.__('Set in the kernel again'),
            run: () => void attachments.set(name),
            isEnabled: attachments.kernel !== null
          },
          {
            label: trans.__('Move up'),
            run: () => attachments.move(name, index - 1),
            isEnabled: index > 0
          },
          {
            label: trans.__('Move down'),
            run: () => attachments.move(name, index + 1),
            isEnabled: index + 1 < attachments.records.length
          }
        ])
      }
    >
      <span aria-hidden="true">⋯</span>
    </button>
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

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { StateBadge } from '../components/state';
import { Actions } from '../components/text';
import { Until } from '../components/when';
import { expiresSoon } from '../lake/expiry';
import { explain } from '../problems';
import type { VariableRecord } from '../schema';
import type { Attachments, IVariableState } from './attachments';
import type { IDrag } from './drag';
import { useDrag } from './drag';
import { openMenu } from './menu';
import type { NotebookModel } from './model';
import { MEND } from './model';
import { summaryText } from './summary';

/**
 * What a row or the head of the section has done elsewhere: most by dialogs.
 */
export interface INotebookActs {
  find: (item: Item) => void;
  makeAvailable: (item: Item) => void;
  rename: (record: VariableRecord) => void;
  cells: (record: VariableRecord) => void;
  stage: (attachments?: Attachments | null) => void;
  publish: () => void;
}

type Item = { did: string; instance: string };

interface IProps {
  model: NotebookModel;
  acts: INotebookActs;
  trans: TranslationBundle;
}

type VariableProps = IProps & {
  attachments: Attachments;
  record: VariableRecord;
  index: number;
  drag: IDrag;
};

/**
 * The variables of the current notebook that stand for data in the lake.
 */
export function NotebookBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { attachments, panel } = model;
  const drag = useDrag((name, to) => attachments?.move(name, to));
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
      <Whole {...props} attachments={attachments} />
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
        {records.map((record, index) => (
          <Variable
            key={record.variableName}
            {...props}
            record={record}
            index={index}
            drag={drag}
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

/**
 * How all of it stands, and what can be done with all of it.
 */
function Whole(props: IProps & { attachments: Attachments }): JSX.Element {
  const { acts, attachments, model, trans } = props;
  const { isAsking, missing, records, summary } = attachments;
  return (
    <>
      {records.length > 0 && (
        <p role="status">{summaryText(summary, isAsking, trans)}</p>
      )}
      <Actions>
        {missing.length > 0 && (
          <Button
            primary
            label={trans.__('Make all available…')}
            onClick={() => acts.stage()}
          />
        )}
        {records.length > 0 && model.language === 'python' && (
          <Button
            label={trans.__('Folder of links')}
            title={trans.__('Insert a cell that makes it, to work in')}
            onClick={() => model.insertFolder()}
          />
        )}
        <Button label={trans.__('Publish…')} onClick={acts.publish} />
      </Actions>
    </>
  );
}

function Variable(props: VariableProps): JSX.Element {
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
function Grip(props: VariableProps): JSX.Element {
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
function More(props: VariableProps): JSX.Element {
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

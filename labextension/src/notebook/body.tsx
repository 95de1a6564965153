import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { ProblemView } from '../components/problem';
import { Actions } from '../components/text';
import type { VariableRecord } from '../schema';
import type { Attachments } from './attachments';
import { useDrag } from './drag';
import type { NotebookModel } from './model';
import { MEND } from './model';
import { Variable } from './row';
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
        <p className="jp-Dlaas-steady" role="status">
          {summaryText(summary, isAsking, trans)}
        </p>
      )}
      <Actions>
        {records.length > 0 && (
          <Button
            primary
            label={trans.__('Make all available…')}
            disabled={!missing.length}
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

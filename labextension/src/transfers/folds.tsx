import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../components/icon';
import { splitDID } from '../did';
import { formatBytes, formatCount, formatMoment } from '../format';
import type { Job, JobFile } from '../schema';
import type { TransfersModel } from './model';
import { outcomeText } from './words';

/**
 * What happened to a job, and what became of each of its files, for who wants to know.
 */
export function Folds(props: {
  job: Job;
  model: TransfersModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { job, model, trans } = props;
  const { id } = job;
  const notes = model.logs.rows(id);
  const files = model.files.rows(id);
  return (
    <div className="jp-Dlaas-job-folds">
      <FoldButton
        label={trans.__('Log')}
        title={trans.__('Log of %1', job.source)}
        isOpen={model.logs.isOpen(id)}
        onClick={() => void model.toggleLog(job)}
      />
      {(job.files > 1 || job.kind === 'download') && (
        <FoldButton
          label={trans.__('Files')}
          title={trans.__('Files of %1', job.source)}
          isOpen={model.files.isOpen(id)}
          onClick={() => void model.toggleFiles(job)}
        />
      )}
      {notes && (
        <ol className="jp-Dlaas-job-notes">
          {notes.map((note, index) => (
            <li key={index}>
              {formatMoment(note.at)} {note.text}
            </li>
          ))}
        </ol>
      )}
      {files && (
        <Files
          label={trans.__('Files of %1', job.source)}
          files={files}
          trans={trans}
        />
      )}
    </div>
  );
}

function FoldButton(props: {
  label: string;
  title: string;
  isOpen: boolean;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-Dlaas-link jp-Dlaas-fold"
      aria-expanded={props.isOpen}
      aria-label={props.title}
      onClick={props.onClick}
    >
      <Icon name="chevron" />
      {props.label}
    </button>
  );
}

/**
 * So many files are listed; those that failed come first.
 */
const MOST_FILES = 200;

function Files(props: {
  label: string;
  files: readonly JobFile[];
  trans: TranslationBundle;
}): JSX.Element {
  const { files, trans } = props;
  const more = files.length - MOST_FILES;
  return (
    <ul
      className="jp-Dlaas-job-files"
      aria-label={props.label}
      // It scrolls, also by the keyboard.
      tabIndex={0}
    >
      {files.length === 0 && <li>{trans.__('None yet')}</li>}
      {files.slice(0, MOST_FILES).map((file, index) => (
        <li key={index} data-outcome={file.outcome} title={file.did}>
          <strong>{splitDID(file.did).name}</strong>{' '}
          {[
            outcomeText(file.outcome, trans),
            file.outcome !== 'failed' && formatBytes(file.bytes)
          ]
            .filter(Boolean)
            .join(' · ')}
          {file.problem && (
            <p>
              {file.problem.message} {file.problem.remedy}
            </p>
          )}
        </li>
      ))}
      {more > 0 && <li>{trans.__('and %1 more', formatCount(more))}</li>}
    </ul>
  );
}

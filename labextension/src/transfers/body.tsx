import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import type { Drawing } from '../components/icon';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { Progress } from '../components/state';
import { Until } from '../components/when';
import { splitDID } from '../did';
import { formatBytes, formatMoment } from '../format';
import type { Job } from '../schema';
import type { TransfersModel } from './model';
import { isRunning } from './model';
import {
  filesText,
  jobTitle,
  outcomeText,
  paceText,
  placeText,
  stateText
} from './words';

interface IProps {
  model: TransfersModel;
  find: (item: { did: string; instance: string }) => void;
  trans: TranslationBundle;
}

/**
 * What is on its way into the lake and from it, and what became of it.
 */
export function TransfersBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { jobs, problem } = model;
  return (
    <>
      {problem && (
        <ProblemView problem={problem} trans={trans}>
          <Button
            label={trans.__('Try again')}
            onClick={() => void model.refresh()}
          />
        </ProblemView>
      )}
      {!jobs && !problem && (
        <p className="jp-Dlaas-quiet" role="status">
          {trans.__('Asking…')}
        </p>
      )}
      {jobs?.length === 0 && (
        <div className="jp-Dlaas-empty">
          <strong>{trans.__('Nothing is on its way')}</strong>
          <p>
            {trans.__(
              'To put files or folders into the lake, right-click them in the file browser and choose “Upload to the data lake…”. To bring data here, select it under Explore and choose “Download…”.'
            )}
          </p>
        </div>
      )}
      <ul className="jp-Dlaas-jobs" aria-label={trans.__('Transfers')}>
        {jobs?.map(job => (
          <JobLine key={job.id} {...props} job={job} />
        ))}
      </ul>
    </>
  );
}

function JobLine(props: IProps & { job: Job }): JSX.Element {
  const { job, model, find, trans } = props;
  const { did, instance } = job;
  const title = jobTitle(job);
  return (
    <li className="jp-Dlaas-job" data-job={job.id} data-state={job.state}>
      <span className={`jp-Dlaas-mark jp-mod-job-${job.state}`}>
        <Icon
          name={
            job.state === 'running' && job.kind === 'download'
              ? 'replicating'
              : MARKS[job.state]
          }
        />
      </span>
      <span className="jp-Dlaas-job-what" title={did ?? job.source}>
        <Name text={title} />
      </span>
      {isRunning(job) && (
        <IconButton
          label={
            job.kind === 'upload'
              ? trans.__('Cancel the upload of %1', job.source)
              : trans.__('Cancel the download of %1', job.source)
          }
          icon="close"
          disabled={model.isCancelling(job)}
          onClick={() => void model.cancel(job)}
        />
      )}
      {(job.state === 'failed' || job.state === 'cancelled') && (
        <Button
          label={trans.__('Try again')}
          title={
            job.kind === 'upload'
              ? trans.__('Upload %1 again, as it is now', job.source)
              : trans.__('Go on with the download of %1', job.source)
          }
          onClick={() => void model.retry(job)}
        />
      )}
      {job.state === 'done' && did && (
        <Button
          label={trans.__('Show')}
          title={trans.__('Find it in the lake')}
          onClick={() => find({ did, instance })}
        />
      )}
      <span className="jp-Dlaas-job-more" title={job.source}>
        {[
          did && splitDID(did).scope,
          stateText(job, model, trans),
          filesText(job, trans),
          job.kind === 'download' && placeText(job, trans),
          job.origin === 'kernel' && trans.__('from a notebook'),
          job.finished_at && formatMoment(job.finished_at)
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {isRunning(job) && (
        <Progress
          label={
            job.kind === 'upload'
              ? trans.__('Upload of %1', job.source)
              : trans.__('Download of %1', job.source)
          }
          value={job.done_bytes}
          of={job.bytes}
          text={paceText(job, trans)}
        />
      )}
      {job.result && <Result job={job} trans={trans} />}
      {job.problem && <ProblemView problem={job.problem} trans={trans} />}
      <div className="jp-Dlaas-job-log">
        <Log {...props} />
        {(job.files > 1 || job.kind === 'download') && <Files {...props} />}
      </div>
    </li>
  );
}

/**
 * What became of each file.
 */
function Files(props: IProps & { job: Job }): JSX.Element {
  const { job, model, trans } = props;
  const files = model.files(job);
  return (
    <>
      <button
        type="button"
        className="jp-Dlaas-link"
        aria-expanded={files !== null}
        aria-label={trans.__('Files of %1', job.source)}
        onClick={() => void model.toggleFiles(job)}
      >
        {trans.__('Files')}
      </button>
      {files && (
        <ul className="jp-Dlaas-job-files">
          {files.length === 0 && <li>{trans.__('None yet')}</li>}
          {files.map((file, index) => (
            <li key={index} data-outcome={file.outcome} title={file.did}>
              <strong>{splitDID(file.did).name}</strong>{' '}
              {[
                outcomeText(file.outcome, trans),
                file.outcome !== 'failed' && formatBytes(file.bytes),
                file.problem?.message,
                file.problem?.remedy
              ]
                .filter(Boolean)
                .join(' · ')}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/**
 * What happened to a job, for who wants to know.
 */
function Log(props: IProps & { job: Job }): JSX.Element {
  const { job, model, trans } = props;
  const notes = model.log(job);
  return (
    <>
      <button
        type="button"
        className="jp-Dlaas-link"
        aria-expanded={notes !== null}
        aria-label={trans.__('Log of %1', job.source)}
        onClick={() => void model.toggleLog(job)}
      >
        {trans.__('Log')}
      </button>
      {notes && (
        <ol>
          {notes.map((note, index) => (
            <li key={index}>
              {formatMoment(note.at)} {note.text}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}

/**
 * What an upload left in the lake.
 */
function Result(props: {
  job: Job;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { job, trans } = props;
  const { result } = job;
  if (!result) {
    return null;
  }
  const until = result.rule?.expires_at;
  return (
    <span className="jp-Dlaas-job-more">
      {trans.__('%1 on %2', formatBytes(result.bytes), result.rse)}
      {result.dataset && ` · ${trans.__('in %1', result.dataset)}`}
      {' · '}
      {until ? <Until time={until} trans={trans} /> : trans.__('without end')}
    </span>
  );
}

const MARKS: { [state in Job['state']]: Drawing } = {
  queued: 'waiting_approval',
  running: 'up',
  waiting: 'suspended',
  done: 'available',
  failed: 'stuck',
  cancelled: 'cancelled'
};

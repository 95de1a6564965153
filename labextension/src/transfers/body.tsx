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

interface IProps {
  model: TransfersModel;
  find: (item: { did: string; instance: string }) => void;
  trans: TranslationBundle;
}

/**
 * What is on its way into the lake, and what became of it.
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
              'To put a file into the lake, right-click it in the file browser and choose “Upload to the data lake…”.'
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
  const { name, scope } = splitDID(did);
  return (
    <li className="jp-Dlaas-job" data-job={job.id} data-state={job.state}>
      <span className={`jp-Dlaas-mark jp-mod-job-${job.state}`}>
        <Icon name={MARKS[job.state]} />
      </span>
      <span className="jp-Dlaas-job-what" title={did}>
        <Name text={name} />
      </span>
      {isRunning(job) && (
        <IconButton
          label={trans.__('Cancel the upload of %1', job.source)}
          icon="close"
          disabled={model.isCancelling(job)}
          onClick={() => void model.cancel(job)}
        />
      )}
      {(job.state === 'failed' || job.state === 'cancelled') && (
        <Button
          label={trans.__('Try again')}
          title={trans.__('Upload %1 again, as it is now', job.source)}
          onClick={() => void model.retry(job)}
        />
      )}
      {job.state === 'done' && (
        <Button
          label={trans.__('Show')}
          title={trans.__('Find it in the lake')}
          onClick={() => find({ did, instance })}
        />
      )}
      <span className="jp-Dlaas-job-more" title={job.source}>
        {[
          scope,
          stateText(job, model, trans),
          job.finished_at && formatMoment(job.finished_at)
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {isRunning(job) && (
        <Progress
          label={trans.__('Upload of %1', job.source)}
          value={job.done_bytes}
          of={job.bytes}
          text={trans.__(
            '%1 of %2',
            formatBytes(job.done_bytes),
            formatBytes(job.bytes)
          )}
        />
      )}
      {job.result && <Result job={job} trans={trans} />}
      {job.problem && <ProblemView problem={job.problem} trans={trans} />}
      <Log {...props} />
    </li>
  );
}

/**
 * What happened to a job, for who wants to know.
 */
function Log(props: IProps & { job: Job }): JSX.Element {
  const { job, model, trans } = props;
  const notes = model.log(job);
  return (
    <div className="jp-Dlaas-job-log">
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
    </div>
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

function stateText(
  job: Job,
  model: TransfersModel,
  trans: TranslationBundle
): string {
  if (model.isCancelling(job)) {
    return trans.__('Cancelling…');
  }
  switch (job.state) {
    case 'queued':
      return trans.__('Waits for its turn');
    case 'running':
      return trans.__('Uploading');
    case 'waiting':
      return trans.__('Goes on after a login');
    case 'done':
      return trans.__('Uploaded');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
  }
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { EmbargoBadge } from '../account/embargo';
import { RoomLine } from '../account/use';
import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import type { Drawing } from '../components/icon';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { Progress } from '../components/state';
import { Quiet } from '../components/text';
import { Until } from '../components/when';
import { splitDID } from '../did';
import { formatBytes, formatMoment } from '../format';
import { isLoggedIn, wasLoggedIn } from '../login';
import { needsLogin } from '../problems';
import type { InstanceInfo, Job } from '../schema';
import type { IDataLakePanel } from '../tokens';
import { Folds } from './folds';
import { isRunning } from './ends';
import type { TransfersModel } from './model';
import { filesText, jobTitle, paceText, placeText, stateText } from './words';

interface IProps {
  model: TransfersModel;
  panel: IDataLakePanel;
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
      {!jobs && !problem && <Quiet role="status">{trans.__('Asking…')}</Quiet>}
      {jobs?.length === 0 && (
        <div className="jp-Dlaas-empty">
          <strong>{trans.__('Nothing is on its way')}</strong>
          <p>
            {trans.__(
              'To put files or folders into the lake, drop them here, or right-click them in the file browser and choose “Upload to the data lake…”. To bring data here, select it under Explore and choose “Download…”.'
            )}
          </p>
        </div>
      )}
      <ul className="jp-Dlaas-jobs" aria-label={trans.__('Transfers')}>
        {jobs?.map(job => (
          <JobLine key={job.id} {...props} job={job} />
        ))}
      </ul>
      <RoomLine use={model.use} trans={trans} />
    </>
  );
}

function JobLine(props: IProps & { job: Job }): JSX.Element {
  const { job, model, trans } = props;
  const { did } = job;
  const title = jobTitle(job);
  // As long as its end is not known its beginning takes that place: the lines stay as they are.
  const moment = job.finished_at ?? job.created_at;
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
        {did && (
          <EmbargoBadge
            instance={model.instanceOf(job)}
            did={did}
            trans={trans}
          />
        )}
      </span>
      <Acts {...props} />
      <span className="jp-Dlaas-job-more" title={job.source}>
        {[
          did && splitDID(did).scope,
          stateText(job, model, trans),
          filesText(job, trans),
          job.kind === 'download' && placeText(job, trans),
          job.origin === 'kernel' && trans.__('from a notebook'),
          moment && formatMoment(moment)
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {isRunning(job) && (
        <Progress
          label={
            job.kind === 'download'
              ? trans.__('Download of %1', job.source)
              : trans.__('Upload of %1', job.source)
          }
          value={job.done_bytes}
          of={job.bytes}
          text={paceText(job, trans)}
        />
      )}
      {job.state === 'done' && <Result job={job} trans={trans} />}
      <Why {...props} />
      <Folds {...props} />
    </li>
  );
}

/**
 * What can be done about a job, by its state.
 */
function Acts(props: IProps & { job: Job }): JSX.Element | null {
  const { job, model, panel, trans } = props;
  const { did, instance, kind, source } = job;
  if (isRunning(job)) {
    return (
      <IconButton
        label={
          kind === 'download'
            ? trans.__('Cancel the download of %1', source)
            : trans.__('Cancel the upload of %1', source)
        }
        icon="close"
        disabled={model.isCancelling(job)}
        onClick={() => void model.cancel(job)}
      />
    );
  }
  if (job.state === 'done') {
    return did ? (
      <Button
        label={trans.__('Show')}
        title={trans.__('Find it in the lake')}
        onClick={() => panel.find({ did, instance })}
      />
    ) : null;
  }
  return (
    <Button
      label={trans.__('Try again')}
      title={
        kind === 'download'
          ? trans.__('Go on with the download of %1', source)
          : trans.__('Upload %1 again, as it is now', source)
      }
      disabled={model.isRetrying(job)}
      onClick={() => void model.retry(job)}
    />
  );
}

/**
 * Why a job failed or waits; that it waits for a login is said already, and where one logs in if that is not in sight.
 */
function Why(props: IProps & { job: Job }): JSX.Element | null {
  const { job, model, trans } = props;
  const instance = model.instanceOf(job);
  const awaited =
    job.state === 'waiting' && instance && !wasLoggedIn(instance.login)
      ? instance
      : model.awaitedInstance(job);
  const { problem } = job;
  const wantsLogin =
    job.state === 'waiting' && problem !== null && needsLogin(problem);
  // Somebody is in, but that storage does not know it.
  const isRefused =
    wantsLogin && problem.details.rse && instance && isLoggedIn(instance.login);
  if (!problem || (wantsLogin && !isRefused)) {
    return awaited && <LogIn {...props} instance={awaited} />;
  }
  return (
    <ProblemView
      problem={isRefused ? { ...problem, error: 'StorageRefused' } : problem}
      isOld
      trans={trans}
    >
      {awaited && <LogIn {...props} instance={awaited} />}
    </ProblemView>
  );
}

function LogIn(
  props: IProps & { job: Job; instance: InstanceInfo }
): JSX.Element {
  const { instance, job, model, panel, trans } = props;
  return (
    <Button
      label={trans.__('Log in to %1…', instance.display_name)}
      onClick={() => {
        model.logIn(job);
        panel.open('explore');
      }}
    />
  );
}

/**
 * What has come, or what an upload left in the lake: it takes the room of the progress, so that nothing below moves.
 */
function Result(props: { job: Job; trans: TranslationBundle }): JSX.Element {
  const { job, trans } = props;
  const { result } = job;
  const until = result?.rule?.expires_at;
  return (
    <span className="jp-Dlaas-job-more jp-Dlaas-steady">
      {result
        ? trans.__('%1 on %2', formatBytes(result.bytes), result.rse)
        : formatBytes(job.bytes)}
      {result?.dataset && ` · ${trans.__('in %1', result.dataset)}`}
      {result && ' · '}
      {until ? (
        <Until time={until} trans={trans} />
      ) : (
        result && trans.__('without end')
      )}
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

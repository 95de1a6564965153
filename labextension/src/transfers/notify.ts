import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { explain } from '../problems';
import type { Job } from '../schema';
import { isRunning } from './ends';
import type { TransfersModel } from './model';
import { jobTitle, paceText, placeText } from './words';

/**
 * So long a transfer runs before it is worth a notification of its own (milliseconds).
 */
const PATIENCE = 2000;

/**
 * Tell how far those transfers are that were begun on this page.
 */
export function tellProgress(
  transfers: TransfersModel,
  isWanted: () => boolean,
  trans: TranslationBundle,
  show: () => void
): void {
  const told = new Map<string, { since: number; id: string }>();
  transfers.stateChanged.connect(() => {
    const jobs = isWanted() ? transfers.followed : [];
    for (const job of jobs) {
      const known = told.get(job.id) ?? { since: Date.now(), id: '' };
      told.set(job.id, known);
      if (!isRunning(job)) {
        if (known.id) {
          Notification.dismiss(known.id);
        }
        told.delete(job.id);
      } else if (job.bytes && Date.now() - known.since >= PATIENCE) {
        const progress = job.done_bytes / job.bytes;
        const message = `${jobTitle(job)}: ${paceText(job, trans)}`;
        const { id } = known;
        // One that the person has closed stays closed.
        if (!Notification.update({ id, message, progress }) && !id) {
          known.id = Notification.emit(message, 'in-progress', {
            autoClose: false,
            progress,
            actions: showing(trans, show)
          });
        }
      }
    }
  });
}

/**
 * Tell of each transfer that ends, once; a failure stays until it is closed, or the transfer is tried again.
 */
export function tellTransfers(
  transfers: TransfersModel,
  trans: TranslationBundle,
  show: () => void
): void {
  const failures = new Map<string, { attempt: number; told: string }>();
  transfers.ended.connect((_, job) => {
    const told = tellEnd(job, trans, show);
    if (job.problem) {
      failures.set(job.id, { attempt: job.attempt, told });
    }
  });
  transfers.stateChanged.connect(() => {
    if (!failures.size) {
      return;
    }
    for (const { attempt, id } of transfers.jobs ?? []) {
      const failure = failures.get(id);
      if (failure && failure.attempt < attempt) {
        Notification.dismiss(failure.told);
        failures.delete(id);
      }
    }
  });
}

function tellEnd(job: Job, trans: TranslationBundle, show: () => void): string {
  const actions = showing(trans, show);
  const title = jobTitle(job);
  if (!job.problem) {
    const text =
      job.kind === 'publish'
        ? trans.__('Published: %1', title)
        : job.kind === 'upload'
          ? trans.__('Uploaded: %1', title)
          : trans.__('Downloaded %1: %2', placeText(job, trans), title);
    return Notification.success(text, { actions, autoClose: 5000 });
  }
  const { message, remedy } = explain(job.problem, trans);
  const text =
    job.kind === 'download'
      ? trans.__('The download of %1 failed.', title)
      : trans.__('The upload of %1 failed.', title);
  return Notification.error([text, message, remedy].filter(Boolean).join(' '), {
    actions,
    autoClose: false
  });
}

function showing(trans: TranslationBundle, show: () => void) {
  return [
    {
      label: trans.__('Show'),
      caption: trans.__('Show the transfers'),
      callback: show
    }
  ];
}

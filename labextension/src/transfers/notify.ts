import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { explain } from '../problems';
import type { Job } from '../schema';
import type { TransfersModel } from './model';
import { jobTitle, placeText } from './words';

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
  const actions = [
    {
      label: trans.__('Show'),
      caption: trans.__('Show the transfers'),
      callback: show
    }
  ];
  const title = jobTitle(job);
  if (!job.problem) {
    const text =
      job.kind === 'upload'
        ? trans.__('Uploaded: %1', title)
        : trans.__('Downloaded %1: %2', placeText(job, trans), title);
    return Notification.success(text, { actions, autoClose: 5000 });
  }
  const { message, remedy } = explain(job.problem, trans);
  const text =
    job.kind === 'upload'
      ? trans.__('The upload of %1 failed.', title)
      : trans.__('The download of %1 failed.', title);
  return Notification.error([text, message, remedy].filter(Boolean).join(' '), {
    actions,
    autoClose: false
  });
}

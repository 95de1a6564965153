import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { explain } from '../problems';
import type { Job } from '../schema';
import { jobTitle, placeText } from './words';

/**
 * Tell that a transfer has ended; of one that failed, until it is closed, what to do.
 */
export function notifyEnd(
  job: Job,
  trans: TranslationBundle,
  show: () => void
): void {
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
    Notification.success(text, { actions, autoClose: 5000 });
    return;
  }
  const { message, remedy } = explain(job.problem, trans);
  const text =
    job.kind === 'upload'
      ? trans.__('The upload of %1 failed.', title)
      : trans.__('The download of %1 failed.', title);
  Notification.error([text, message, remedy].filter(Boolean).join(' '), {
    actions,
    autoClose: false
  });
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatBytes, formatCount } from '../format';
import type { RulePreview } from '../schema';
import type { AvailableModel } from './model';

/**
 * What it would mean, said before it is done.
 */
export function Preview(props: {
  model: AvailableModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { preview } = model;
  return (
    <div
      className="jp-Dlaas-preview jp-Dlaas-quiet"
      role="status"
      aria-busy={model.isChecking}
    >
      {!preview && model.isChecking && <p>{trans.__('Checking…')}</p>}
      {preview && (
        <>
          <p>{comingText(preview, trans)}</p>
          {preview.quota_left !== null && (
            <p>
              {trans.__(
                'Your quota there: %1 left.',
                formatBytes(preview.quota_left)
              )}
            </p>
          )}
          {preview.tape && (
            <p>{trans.__('It is on tape: to fetch it may take hours.')}</p>
          )}
        </>
      )}
    </div>
  );
}

function isThere({ files, present_files }: RulePreview): boolean {
  return files !== null && present_files === files;
}

function comingText(preview: RulePreview, trans: TranslationBundle): string {
  const { bytes, files, present_bytes, present_files, rses } = preview;
  const where = rses.length ? rses.join(', ') : preview.rse_expression;
  if (isThere(preview)) {
    return trans.__('All of it is on %1 already: nothing is copied.', where);
  }
  if (bytes === null) {
    return trans.__('It would be copied to %1.', where);
  }
  const missing = formatBytes(bytes - (present_bytes ?? 0));
  return present_files
    ? trans.__(
        '%1 would be copied to %2: %3 of %4 files are there already.',
        missing,
        where,
        formatCount(present_files),
        formatCount(files ?? 0)
      )
    : trans.__('%1 would be copied to %2.', missing, where);
}

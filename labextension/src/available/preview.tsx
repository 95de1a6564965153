import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatBytes, formatCount } from '../format';
import type { RulePreview } from '../schema';
import type { AvailableModel } from './model';

/**
 * How many RSEs are named; of more the expression is.
 */
const MOST = 5;

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
          <p>{comingText(preview, Number(model.more.copies) || 1, trans)}</p>
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

/**
 * What would be copied, and where to.
 */
export function comingText(
  preview: RulePreview,
  copies: number,
  trans: TranslationBundle
): string {
  const { bytes, files, present_bytes, present_files } = preview;
  const where = placeText(preview, copies, trans);
  if (copies > 1 && bytes !== null) {
    return trans.__(
      '%1 each would be copied to %2, but for what is there already.',
      formatBytes(bytes),
      where
    );
  }
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

/**
 * Where it would go: Rucio chooses among the RSEs of an expression.
 */
function placeText(
  { rse_expression, rses }: RulePreview,
  copies: number,
  trans: TranslationBundle
): string {
  const names =
    rses.length && rses.length <= MOST
      ? rses.join(', ')
      : (rse_expression ?? '');
  if (rses.length <= copies) {
    return names;
  }
  return copies === 1
    ? trans.__('one of %1', names)
    : trans.__('%1 of %2', copies, names);
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ask } from '../components/ask';
import { Choice, SelectField } from '../components/field';
import { ProblemView } from '../components/problem';
import { formatBytes, formatCount } from '../format';
import type { LakeModel } from '../lake/model';
import { CleanModel } from './cleanModel';

/**
 * Ask what is to be deleted from the cache, and say what was freed.
 */
export function askClean(
  lake: LakeModel,
  trans: TranslationBundle
): Promise<boolean> {
  const title = trans.__('Clean the cache');
  const accept = trans.__('Delete');
  const model = new CleanModel(lake);
  return ask(CleanBody, model, trans, title, accept, 'select', true);
}

function CleanBody(props: {
  model: CleanModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { cleaned, instance } = model;
  if (cleaned) {
    return (
      <p role="status">
        {trans._n(
          'Freed %2: %3 file.',
          'Freed %2: %3 files.',
          cleaned.files,
          formatBytes(cleaned.bytes),
          formatCount(cleaned.files)
        )}{' '}
        {cleaned.in_use > 0 &&
          trans.__('%1 are in use and stay.', formatCount(cleaned.in_use))}
      </p>
    );
  }
  return (
    <>
      <p>
        {trans.__(
          'The cache holds copies on this server. What is deleted stays in the lake.'
        )}
      </p>
      <SelectField
        label={trans.__('Files')}
        name="age"
        value={model.age}
        options={[
          ['30d', trans.__('not used for 30 days')],
          ['7d', trans.__('not used for a week')],
          ['1d', trans.__('not used for a day')],
          ['', trans.__('all')]
        ]}
        onChange={age => {
          model.age = age;
        }}
      />
      {instance && (
        <Choice
          name="own"
          checked={model.isOnlyOwn}
          onChange={isOnlyOwn => {
            model.isOnlyOwn = isOnlyOwn;
          }}
        >
          {trans.__('Only those of %1', instance.display_name)}
        </Choice>
      )}
      {model.problem && <ProblemView problem={model.problem} trans={trans} />}
    </>
  );
}

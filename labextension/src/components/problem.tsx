import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { explain } from '../problems';
import type { Problem } from '../schema';
import { Icon } from './icon';
import { Actions } from './text';

/**
 * A problem: what happened, whose fault it is, what to do next, and what can be done at once. An old one is no news: it is not read aloud by itself.
 */
export function ProblemView(props: {
  problem: Problem;
  isOld?: boolean;
  trans: TranslationBundle;
  children?: React.ReactNode;
}): JSX.Element {
  const { problem, trans } = props;
  const words = explain(problem, trans);
  return (
    <div
      className={`jp-Dlaas-problem jp-mod-${problem.blame === 'you' ? 'hint' : 'error'}`}
      role={props.isOld ? 'note' : 'alert'}
      data-error={problem.error}
    >
      <Icon name={problem.blame === 'you' ? 'info' : 'stuck'} />
      <div className="jp-Dlaas-problem-text">
        <strong>{words.title}</strong>
        {words.message && <p>{words.message}</p>}
        {words.remedy && <p>{words.remedy}</p>}
        {words.fault && (
          <p className="jp-Dlaas-problem-fault">
            {trans.__('Cause: %1', words.fault)}
          </p>
        )}
        {props.children && <Actions>{props.children}</Actions>}
      </div>
    </div>
  );
}

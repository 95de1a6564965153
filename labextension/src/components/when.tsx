import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatRemaining, formatTime, formatUTC } from '../format';

/**
 * A time in the words of the place, its UTC on hover, and how long from now.
 */
export function When(props: {
  time: string;
  trans: TranslationBundle;
  remaining?: boolean;
}): JSX.Element {
  const { time, trans } = props;
  return (
    <>
      <time dateTime={time} title={formatUTC(time)}>
        {formatTime(time)}
      </time>
      {props.remaining !== false && ` (${formatRemaining(time, trans)})`}
    </>
  );
}

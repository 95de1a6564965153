import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatEnd, formatRemaining, formatTime, formatUTC } from '../format';

/**
 * The end of something: the date, how long from now, and on hover the minute, here and in UTC.
 */
export function Until(props: {
  time: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { time, trans } = props;
  return (
    <time dateTime={time} title={`${formatTime(time)} (${formatUTC(time)})`}>
      {trans.__('until %1 (%2)', formatEnd(time), formatRemaining(time, trans))}
    </time>
  );
}

/**
 * Draw again every so many seconds, where it is said how long something lasts.
 */
export function useTick(seconds: number): void {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const timer = setInterval(draw, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
}

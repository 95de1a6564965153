import * as React from 'react';

type Props = React.ComponentProps<'p'>;

/**
 * What explains, and steps back behind what it explains.
 */
export function Quiet(props: Props): JSX.Element {
  return <p className="jp-Dlaas-quiet" {...props} />;
}

/**
 * What is wrong with what was entered, said as soon as it is.
 */
export function Wrong(props: Props): JSX.Element {
  return <p className="jp-Dlaas-wrong" role="status" {...props} />;
}

/**
 * Buttons in a row, which breaks where it is narrow.
 */
export function Actions(props: { children: React.ReactNode }): JSX.Element {
  return <div className="jp-Dlaas-actions">{props.children}</div>;
}

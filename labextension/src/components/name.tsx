import * as React from 'react';

const TAIL = 8;

/**
 * A name that, where there is no room, loses letters in its middle: the end tells the files of a dataset apart.
 */
export function Name(props: { text: string; prefix?: string }): JSX.Element {
  const cut = props.text.length > TAIL + 2 ? props.text.length - TAIL : 0;
  return (
    <span className="jp-Dlaas-name">
      {props.prefix && (
        <span className="jp-Dlaas-name-prefix">{props.prefix}</span>
      )}
      {cut > 0 && (
        <span className="jp-Dlaas-name-head">{props.text.slice(0, cut)}</span>
      )}
      <span className={`jp-Dlaas-name-tail ${cut ? 'jp-mod-whole' : ''}`}>
        {props.text.slice(cut)}
      </span>
    </span>
  );
}

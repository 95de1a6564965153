import * as React from 'react';

import type { Entry } from '../schema';
import { Icon } from './icon';
import { Name } from './name';

/**
 * What a dialog is about: a DID or a file, with its size where that is known.
 */
export function Item(props: {
  text: string;
  type: Entry['type'];
  title?: string;
  size?: string;
}): JSX.Element {
  const { size, text, title, type } = props;
  return (
    <div className="jp-Dlaas-what-did" title={title ?? text}>
      <Icon name={type} className={`jp-Dlaas-row-type jp-mod-${type}`} />
      <Name text={text} />
      {size && <span className="jp-Dlaas-row-size">{size}</span>}
    </div>
  );
}

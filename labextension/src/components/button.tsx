import * as React from 'react';

import { Drawing, Icon } from './icon';

/**
 * A button with a text.
 */
export function Button(props: {
  label: string;
  onClick: () => void;
  primary?: boolean;
  disabled?: boolean;
  title?: string;
  type?: 'button' | 'submit';
}): JSX.Element {
  return (
    <button
      type={props.type ?? 'button'}
      className={`jp-Dlaas-button ${props.primary ? 'jp-mod-primary' : ''}`}
      onClick={props.onClick}
      disabled={props.disabled}
      title={props.title}
    >
      <span>{props.label}</span>
    </button>
  );
}

/**
 * A button that is a drawing; its label is its name and its tooltip.
 */
export function IconButton(props: {
  label: string;
  icon: Drawing;
  onClick: () => void;
  disabled?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-Dlaas-iconButton"
      onClick={props.onClick}
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
    >
      <Icon name={props.icon} />
    </button>
  );
}

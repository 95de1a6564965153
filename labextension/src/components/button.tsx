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
 * A link that looks like a button; its page is told nothing of this one.
 */
export function LinkButton(props: {
  label: string;
  href: string;
  onClick?: () => void;
  primary?: boolean;
}): JSX.Element {
  return (
    <a
      className={`jp-Dlaas-button ${props.primary ? 'jp-mod-primary' : ''}`}
      href={props.href}
      target="_blank"
      rel="noopener noreferrer"
      onClick={props.onClick}
    >
      <span>{props.label}</span>
    </a>
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

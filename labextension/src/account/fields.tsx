import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Field, TextField } from '../components/field';
import type { InstanceInfo } from '../schema';
import type { Way } from './methods';
import { wayOf } from './methods';
import type { AccountModel } from './model';

/**
 * What every way into an instance is drawn from.
 */
export interface IEntry {
  model: AccountModel;
  instance: InstanceInfo;
  trans: TranslationBundle;
}

/**
 * The account that a login is to be renewed for; none where another login is wanted.
 */
export function accountAgain(instance: InstanceInfo, way: Way): string {
  const { account, method, state } = instance.login;
  const isAgain = state === 'expired' || state === 'expiring';
  return isAgain && method && wayOf(method) === way ? (account ?? '') : '';
}

/**
 * Another account than the one that comes with the login.
 */
export function AccountField(props: {
  value: string;
  hint: string;
  onChange: (value: string) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans } = props;
  const [wasGiven] = React.useState(props.value !== '');
  return (
    <details className="jp-Dlaas-more" open={wasGiven || undefined}>
      <summary>{trans.__('Another Rucio account')}</summary>
      <TextField
        label={trans.__('Account')}
        name="account"
        placeholder={props.hint}
        value={props.value}
        onChange={props.onChange}
      />
    </details>
  );
}

/**
 * A field for a password: it stays there, so that no state, no model, no log ever holds it.
 */
export const SecretField = React.forwardRef<
  HTMLInputElement,
  {
    label: string;
    name: string;
    autoComplete: string;
    onChange?: (hasText: boolean) => void;
  }
>((props, ref) => (
  <Field label={props.label}>
    <input
      className="jp-Dlaas-input"
      name={props.name}
      type="password"
      autoComplete={props.autoComplete}
      ref={ref}
      onChange={event => props.onChange?.(event.target.value !== '')}
    />
  </Field>
));

SecretField.displayName = 'SecretField';

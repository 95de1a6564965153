import * as React from 'react';

import { Button } from '../components/button';
import { TextField } from '../components/field';
import type { IEntry } from './fields';
import { AccountField, SecretField, accountAgain } from './fields';

/**
 * The way in by user name and password.
 */
export function Userpass({ instance, model, trans }: IEntry): JSX.Element {
  const again = accountAgain(instance, 'userpass');
  const [username, setUsername] = React.useState(
    again && (instance.login.identity ?? again)
  );
  const [account, setAccount] = React.useState(again === username ? '' : again);
  const password = React.useRef<HTMLInputElement>(null);
  const [hasPassword, setHasPassword] = React.useState(false);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const field = password.current;
    if (!field || !username || !field.value) {
      return;
    }
    const done = await model.login({
      method: 'userpass',
      username,
      password: field.value,
      ...(account ? { account } : {})
    });
    if (!done && password.current) {
      field.value = '';
      setHasPassword(false);
      field.focus();
    }
  };

  return (
    <form
      className="jp-Dlaas-form"
      aria-label={trans.__('Log in to %1', instance.display_name)}
      onSubmit={event => void submit(event)}
    >
      <TextField
        label={trans.__('User name')}
        name="username"
        autoComplete="username"
        value={username}
        onChange={setUsername}
      />
      <SecretField
        ref={password}
        label={trans.__('Password')}
        name="password"
        autoComplete="current-password"
        onChange={setHasPassword}
      />
      <AccountField
        value={account}
        hint={trans.__('the one of the user name')}
        onChange={setAccount}
        trans={trans}
      />
      <Button
        type="submit"
        primary
        label={model.isBusy ? trans.__('Logging in…') : trans.__('Log in')}
        disabled={model.isBusy || !username || !hasPassword}
        onClick={() => undefined}
      />
    </form>
  );
}

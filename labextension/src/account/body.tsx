import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { ProblemView } from '../components/problem';
import { formatTime, formatUTC } from '../format';
import type { InstanceInfo } from '../schema';
import type { AccountModel } from './model';

interface IProps {
  model: AccountModel;
  trans: TranslationBundle;
}

/**
 * The head of the panel: the instance, the account, and the way in where one is not in.
 */
export function AccountBody({ model, trans }: IProps): JSX.Element {
  const { instance, phase, problem } = model;
  if (!instance) {
    return <NoInstance model={model} trans={trans} />;
  }
  const { login } = instance;
  return (
    <>
      <div className="jp-Dlaas-account">
        <Chooser model={model} instance={instance} trans={trans} />
        {login.state === 'logged_in' && (
          <Who model={model} instance={instance} trans={trans} />
        )}
      </div>
      {instance.problem && (
        <ProblemView problem={instance.problem} trans={trans} />
      )}
      {problem && (
        <ProblemView problem={problem} trans={trans}>
          {phase === 'problem' && (
            <Button
              label={trans.__('Try again')}
              onClick={() => void model.retry()}
            />
          )}
        </ProblemView>
      )}
      {login.state !== 'logged_in' && !instance.problem && (
        <WayIn
          key={instance.name}
          model={model}
          instance={instance}
          trans={trans}
        />
      )}
    </>
  );
}

function NoInstance({ model, trans }: IProps): JSX.Element {
  if (model.problem) {
    return (
      <ProblemView problem={model.problem} trans={trans}>
        <Button
          label={trans.__('Try again')}
          onClick={() => void model.retry()}
        />
      </ProblemView>
    );
  }
  if (model.phase === 'asking') {
    return (
      <div className="jp-Dlaas-empty" role="status">
        <span className="jp-Dlaas-dots" aria-hidden="true" />
        <p>{trans.__('Asking the server…')}</p>
      </div>
    );
  }
  return (
    <div className="jp-Dlaas-empty">
      <strong>{trans.__('No data lake is configured here')}</strong>
      <p>
        {trans.__(
          'Whoever runs this Jupyter server can add one under RucioConfig in its configuration.'
        )}
      </p>
    </div>
  );
}

function Chooser(props: IProps & { instance: InstanceInfo }): JSX.Element {
  const { instance, model, trans } = props;
  if (model.instances.length === 1) {
    return (
      <span className="jp-Dlaas-account-name" title={instance.name}>
        {instance.display_name}
      </span>
    );
  }
  return (
    <select
      className="jp-Dlaas-select jp-Dlaas-account-name"
      aria-label={trans.__('Data lake')}
      value={instance.name}
      onChange={event => model.choose(event.target.value)}
    >
      {model.instances.map(each => (
        <option key={each.name} value={each.name}>
          {each.display_name}
        </option>
      ))}
    </select>
  );
}

function Who(props: IProps & { instance: InstanceInfo }): JSX.Element {
  const { model, trans } = props;
  const { account, expires_at: until } = props.instance.login;
  const caption = until
    ? trans.__(
        'Logged in until %1 (%2), renewed by itself where it can be',
        formatTime(until),
        formatUTC(until)
      )
    : trans.__('Logged in');
  return (
    <span className="jp-Dlaas-account-who">
      <span className="jp-Dlaas-account-person" title={caption}>
        <span data-testid="dlaas-account">{account}</span>
      </span>
      <IconButton
        label={trans.__('Log out')}
        icon="logout"
        disabled={model.isBusy}
        onClick={() => void model.logout()}
      />
    </span>
  );
}

/**
 * The way into an instance; by name and password here, else it says what the server does.
 */
function WayIn(props: IProps & { instance: InstanceInfo }): JSX.Element {
  const { instance, model, trans } = props;
  const isOver = instance.login.state === 'expired';
  return (
    <div className="jp-Dlaas-login">
      {isOver && (
        <p className="jp-Dlaas-login-over" role="status">
          {trans.__('Your login is over. Log in again to go on.')}
        </p>
      )}
      {instance.login.problem && !model.problem && (
        <ProblemView problem={instance.login.problem} trans={trans} />
      )}
      {instance.methods.includes('userpass') && <Userpass {...props} />}
      <p className="jp-Dlaas-quiet">
        {trans.__('Or let the server log in as it is configured to:')}
      </p>
      <div className="jp-Dlaas-actions">
        <Button
          label={trans.__('Log in by the server')}
          disabled={model.isBusy}
          onClick={() => void model.login()}
        />
      </div>
    </div>
  );
}

function Userpass(props: IProps & { instance: InstanceInfo }): JSX.Element {
  const { instance, model, trans } = props;
  const [username, setUsername] = React.useState(instance.login.account ?? '');
  const [account, setAccount] = React.useState('');
  // The password stays in its field: no state, no model, no log ever holds it.
  const password = React.useRef<HTMLInputElement>(null);
  const [hasPassword, setHasPassword] = React.useState(false);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const field = password.current;
    if (!field || !username || !field.value) {
      return;
    }
    const secret = field.value;
    const done = await model.login({
      username,
      password: secret,
      ...(account ? { account } : {})
    });
    if (!done) {
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
      <label className="jp-Dlaas-field">
        <span>{trans.__('User name')}</span>
        <input
          className="jp-Dlaas-input"
          name="username"
          autoComplete="username"
          spellCheck={false}
          autoCapitalize="none"
          value={username}
          onChange={event => setUsername(event.target.value)}
        />
      </label>
      <label className="jp-Dlaas-field">
        <span>{trans.__('Password')}</span>
        <input
          className="jp-Dlaas-input"
          name="password"
          type="password"
          autoComplete="current-password"
          ref={password}
          onChange={event => setHasPassword(event.target.value !== '')}
        />
      </label>
      <details className="jp-Dlaas-more">
        <summary>{trans.__('Another Rucio account')}</summary>
        <label className="jp-Dlaas-field">
          <span>{trans.__('Account')}</span>
          <input
            className="jp-Dlaas-input"
            name="account"
            spellCheck={false}
            placeholder={trans.__('the one of the user name')}
            value={account}
            onChange={event => setAccount(event.target.value)}
          />
        </label>
      </details>
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

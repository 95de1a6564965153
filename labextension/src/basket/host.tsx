import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { Input } from '../components/input';
import { ProblemView } from '../components/problem';
import { needsLogin } from '../problems';
import type { BasketHost } from '../schema';
import type { BasketModel } from './model';

interface IProps {
  host: BasketHost;
  model: BasketModel;
  trans: TranslationBundle;
}

/**
 * An ESAP whose basket is shown by a typed token, or is not known; that it has no token yet is no failure: it is said how to get one.
 */
export function Host(props: IProps): JSX.Element | null {
  const { model, trans } = props;
  const { host, problem, typed } = props.host;
  if (!problem) {
    return typed ? (
      <div className="jp-Dlaas-basket-head">
        <span className="jp-Dlaas-quiet">
          {trans.__('%1, by your token', hostText(host))}
        </span>
        <Button
          label={trans.__('Forget it')}
          disabled={model.isBusy}
          onClick={() => void model.read(host, '')}
        />
      </div>
    ) : null;
  }
  const isNew = problem.error === 'LoginRequired';
  return (
    <>
      {isNew ? (
        <p>
          {purposeText(trans)} {problem.message}
        </p>
      ) : (
        <ProblemView problem={problem} trans={trans} />
      )}
      {needsLogin(problem) && (
        <>
          <ol>
            <li>
              {trans.__('Log in at')}{' '}
              <a
                href={`${host}esap-gui/`}
                target="_blank"
                rel="noopener noreferrer"
              >
                {hostText(host)}
              </a>
            </li>
            <li>
              {trans.__(
                'Press “show token”, and paste it here: it is kept in memory only.'
              )}
            </li>
          </ol>
          <TokenForm {...props} />
        </>
      )}
    </>
  );
}

function TokenForm({ host: { host }, model, trans }: IProps): JSX.Element {
  const [token, setToken] = React.useState('');
  return (
    <form
      className="jp-Dlaas-basket-token"
      onSubmit={event => {
        event.preventDefault();
        void model.read(host, token);
        setToken('');
      }}
    >
      <Input
        type="password"
        autoComplete="off"
        aria-label={trans.__('Token for %1', hostText(host))}
        placeholder={trans.__('Token')}
        value={token}
        onChange={setToken}
      />
      <Button
        type="submit"
        label={trans.__('Use it')}
        disabled={!token.trim() || model.isBusy}
        onClick={() => undefined}
      />
    </form>
  );
}

export function purposeText(trans: TranslationBundle): string {
  return trans.__(
    'What you put into the basket of ESAP is shown here, for your notebooks.'
  );
}

export function hostText(host: string): string {
  return new URL(host).host;
}

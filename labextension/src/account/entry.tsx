import * as React from 'react';

import { Button } from '../components/button';
import { Icon } from '../components/icon';
import { ProblemView } from '../components/problem';
import { Actions, Quiet } from '../components/text';
import { isLoggedIn } from '../login';
import type { Login } from '../schema';
import { Certificate } from './certificate';
import type { IEntry } from './fields';
import type { Way } from './methods';
import { wayText, waysOf } from './methods';
import { Pending } from './pending';
import { Device, SingleSignOn } from './provider';
import { Userpass } from './userpass';

/**
 * The ways into an instance: one of those that it offers, and what the server is configured to do.
 */
export function Entry(
  props: IEntry & { copy: (text: string) => void }
): JSX.Element {
  const { instance, model, trans } = props;
  const { login } = instance;
  if (login.pending) {
    return (
      <div className="jp-Dlaas-login">
        <Pending {...props} pending={login.pending} />
      </div>
    );
  }
  return (
    <div className="jp-Dlaas-login">
      {login.state === 'expired' && (
        <div className="jp-Dlaas-ending jp-mod-over" role="status">
          <Icon name="stuck" />
          <span>
            {trans.__(
              'Your login has ended. Log in again to go on; what was under way waits for it.'
            )}
          </span>
        </div>
      )}
      {login.problem && !model.problem && !isEndItself(login) && (
        <ProblemView problem={login.problem} trans={trans} />
      )}
      <Ways {...props} />
      {isLoggedIn(login) ? (
        <Actions>
          <Button
            label={trans.__('Stay logged in as %1', login.account ?? '')}
            onClick={() => {
              model.isEntering = false;
            }}
          />
        </Actions>
      ) : (
        <Configured {...props} />
      )}
    </div>
  );
}

/**
 * Whether all there is to say is that one is no longer logged in.
 */
function isEndItself({ problem, state }: Login): boolean {
  return state === 'expired' && problem?.error === 'LoginRequired';
}

const FORMS: Record<Way, (props: IEntry) => JSX.Element> = {
  oidc: SingleSignOn,
  device: Device,
  certificate: Certificate,
  userpass: Userpass
};

function Ways(props: IEntry): JSX.Element | null {
  const { instance, model, trans } = props;
  const { way } = model;
  const ways = waysOf(instance);
  const group = React.useId();
  if (!way) {
    return null;
  }
  const Form = FORMS[way];
  return (
    <>
      {ways.length > 1 && (
        <fieldset className="jp-Dlaas-ways">
          <legend>{trans.__('Log in by')}</legend>
          <div className="jp-Dlaas-chips">
            {ways.map(each => (
              <label key={each} className="jp-Dlaas-chip">
                <input
                  type="radio"
                  name={group}
                  checked={each === way}
                  onChange={() => {
                    model.way = each;
                  }}
                />
                <span>{wayText(each, trans)}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Form {...props} />
    </>
  );
}

function Configured({ model, trans }: IEntry): JSX.Element {
  return (
    <>
      <Quiet>
        {trans.__('Or let the server log in as it is configured to:')}
      </Quiet>
      <Actions>
        <Button
          label={trans.__('Log in by the server')}
          disabled={model.isBusy}
          onClick={() => void model.login()}
        />
      </Actions>
    </>
  );
}

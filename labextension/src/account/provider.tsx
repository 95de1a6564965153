import * as React from 'react';

import { Button } from '../components/button';
import { SelectField } from '../components/field';
import { Actions, Quiet } from '../components/text';
import type { LoginRequest } from '../schema';
import type { IEntry } from './fields';
import { AccountField, accountAgain } from './fields';
import { prepareWindow } from './window';

/**
 * The way in by the identity provider's page, in a window that the click opens.
 */
export function SingleSignOn({ instance, model, trans }: IEntry): JSX.Element {
  const [account, setAccount] = React.useState(accountAgain(instance, 'oidc'));
  const [issuer, setIssuer] = React.useState(instance.issuers[0] ?? '');
  React.useEffect(prepareWindow, []);
  const request: LoginRequest = {
    method: 'oidc',
    ...(instance.issuers.length > 1 ? { issuer } : {}),
    ...(account ? { account } : {})
  };
  return (
    <form
      className="jp-Dlaas-form"
      aria-label={trans.__('Log in to %1', instance.display_name)}
      onSubmit={event => {
        event.preventDefault();
        void model.loginInWindow(request, trans.__('One moment…'));
      }}
    >
      {instance.issuers.length > 1 && (
        <SelectField
          label={trans.__('Identity provider')}
          value={issuer}
          options={instance.issuers}
          onChange={setIssuer}
        />
      )}
      <Quiet>
        {trans.__('The page of your identity provider opens in a window.')}
      </Quiet>
      <AccountField
        value={account}
        hint={trans.__('the one of your identity')}
        onChange={setAccount}
        trans={trans}
      />
      <Button
        type="submit"
        primary
        label={model.isBusy ? trans.__('Logging in…') : trans.__('Log in')}
        disabled={model.isBusy}
        onClick={() => undefined}
      />
    </form>
  );
}

/**
 * The way in by a code that one types at the identity provider, on whichever device.
 */
export function Device({ model, trans }: IEntry): JSX.Element {
  return (
    <>
      <Quiet>
        {trans.__(
          'You get a code and type it on a page of your identity provider, here or on another device.'
        )}
      </Quiet>
      <Actions>
        <Button
          primary
          label={
            model.isBusy ? trans.__('Logging in…') : trans.__('Get a code')
          }
          disabled={model.isBusy}
          onClick={() => void model.login({ method: 'device' })}
        />
      </Actions>
    </>
  );
}

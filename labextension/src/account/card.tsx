import * as React from 'react';

import { Button } from '../components/button';
import { ProblemView } from '../components/problem';
import { Actions } from '../components/text';
import { Until } from '../components/when';
import { glossary } from '../glossary/words';
import type { IEntry } from './fields';
import { methodText } from './methods';
import { UseView } from './use';

/**
 * Who is logged in, how and until when, and what can be done about it.
 */
export function Card(
  props: IEntry & { id: string; clean: () => void }
): JSX.Element {
  const { instance, model, trans } = props;
  const { login } = instance;
  const end = login.expires_at;
  return (
    <div
      id={props.id}
      className="jp-Dlaas-what jp-Dlaas-login-card"
      role="group"
      aria-label={trans.__('Your login')}
    >
      <dl>
        <dt>{trans.__('Account')}</dt>
        <dd>{login.account}</dd>
        {login.identity && (
          <>
            <dt>{trans.__('Identity')}</dt>
            <dd>{login.identity}</dd>
          </>
        )}
        {login.method && (
          <>
            <dt>{trans.__('By')}</dt>
            <dd>{methodText(login.method, trans)}</dd>
          </>
        )}
        <dt>{trans.__('Login')}</dt>
        <dd>
          {end ? <Until time={end} trans={trans} /> : trans.__('without end')}
          {end && login.renewable && `, ${trans.__('renewed by itself')}`}
        </dd>
        {login.credential_expires_at && (
          <>
            <dt>
              {login.method === 'x509' || login.method === 'x509_proxy'
                ? trans.__('Certificate')
                : trans.__('Credential')}
            </dt>
            <dd>
              <Until time={login.credential_expires_at} trans={trans} />
            </dd>
          </>
        )}
        {instance.embargoed_scopes.length > 0 && (
          <>
            <dt>
              <span className="jp-Dlaas-embargo">{trans.__('embargoed')}</span>
            </dt>
            <dd title={glossary(trans).embargo[1]}>
              {instance.embargoed_scopes.join(', ')}
            </dd>
          </>
        )}
      </dl>
      {login.problem && <ProblemView problem={login.problem} trans={trans} />}
      <Actions>
        {login.renewable && (
          <Button
            label={trans.__('Renew now')}
            disabled={model.isBusy}
            onClick={() => void model.renew()}
          />
        )}
        {!model.isEntering && (
          <Button
            label={trans.__('Another login…')}
            disabled={model.isBusy}
            onClick={() => {
              model.isEntering = true;
            }}
          />
        )}
      </Actions>
      <UseView use={model.use} clean={props.clean} trans={trans} />
    </div>
  );
}

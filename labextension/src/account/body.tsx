import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Select } from '../components/field';
import { Icon } from '../components/icon';
import { ProblemView } from '../components/problem';
import { useTick } from '../components/when';
import { formatRemaining, formatTime, formatUTC } from '../format';
import { endOf, isLoggedIn } from '../login';
import type { InstanceInfo } from '../schema';
import { Card } from './card';
import { Entry } from './entry';
import type { IEntry } from './fields';
import type { AccountModel } from './model';

interface IProps {
  model: AccountModel;
  trans: TranslationBundle;
  copy: (text: string) => void;
  clean: () => void;
}

/**
 * The head of the panel: the instance, the account, and the way in where one is not in.
 */
export function AccountBody(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { instance, phase, problem } = model;
  const card = React.useId();
  const head = React.useRef<HTMLDivElement>(null);
  useFocus(model, head);
  if (!instance) {
    return <NoInstance {...props} />;
  }
  const isIn = isLoggedIn(instance.login);
  const entry = { ...props, instance };
  return (
    <>
      <div className="jp-Dlaas-account" ref={head}>
        <Chooser {...entry} />
        {isIn && <Who {...entry} card={card} />}
      </div>
      {isIn && model.isOpen && (
        <Card {...entry} id={card} clean={props.clean} />
      )}
      {instance.login.state === 'expiring' && <Ending {...entry} />}
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
      {(model.isEntering || instance.login.pending) && !instance.problem && (
        <Entry key={instance.name} {...entry} />
      )}
    </>
  );
}

/**
 * Keep the keyboard in the head when what it was on goes: a button that was pressed, a form that was sent.
 */
function useFocus(
  model: AccountModel,
  head: React.RefObject<HTMLDivElement>
): void {
  const { login, name } = model.instance ?? {};
  const view = [name, login?.state, login?.pending?.kind, model.isEntering];
  React.useEffect(() => {
    const root = head.current?.parentElement;
    if (root && model.hasActed && document.activeElement === document.body) {
      const next = ['login', 'account-who', 'account']
        .map(part => `.jp-Dlaas-${part} ${FOCUSABLE}`)
        .map(selector => root.querySelector<HTMLElement>(selector))
        .find(node => node !== null);
      next?.focus();
    }
  }, view);
}

const FOCUSABLE =
  ':is(a, button, select, input:not([type=radio]), input:checked):not(:disabled)';

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

function Chooser(props: IEntry): JSX.Element {
  const { instance, model, trans } = props;
  if (model.instances.length === 1) {
    return (
      <span className="jp-Dlaas-account-name" title={instance.name}>
        {instance.display_name}
      </span>
    );
  }
  return (
    <Select
      className="jp-Dlaas-account-name"
      aria-label={trans.__('Data lake')}
      value={instance.name}
      options={model.instances.map(
        each => [each.name, each.display_name] as const
      )}
      onChange={name => model.choose(name)}
    />
  );
}

/**
 * The account, which opens what there is to know of the login.
 */
function Who(props: IEntry & { card: string }): JSX.Element {
  const { instance, model, trans } = props;
  const { account, problem } = instance.login;
  return (
    <span className="jp-Dlaas-account-who">
      <button
        type="button"
        className="jp-Dlaas-account-person"
        aria-expanded={model.isOpen}
        aria-controls={model.isOpen ? props.card : undefined}
        title={captionOf(instance, trans)}
        onClick={() => {
          model.isOpen = !model.isOpen;
        }}
      >
        <Icon name={problem ? 'stuck' : 'person'} />
        <span data-testid="dlaas-account">{account}</span>
      </button>
      <IconButton
        label={trans.__('Log out')}
        icon="logout"
        disabled={model.isBusy}
        onClick={() => void model.logout()}
      />
    </span>
  );
}

function captionOf(instance: InstanceInfo, trans: TranslationBundle): string {
  const { expires_at: end, renewable } = instance.login;
  if (!end) {
    return trans.__('Logged in');
  }
  const [local, utc] = [formatTime(end), formatUTC(end)];
  return renewable
    ? trans.__('Logged in until %1 (%2), renewed by itself', local, utc)
    : trans.__('Logged in until %1 (%2)', local, utc);
}

/**
 * A login that nobody will renew is about to end.
 */
function Ending({ instance, model, trans }: IEntry): JSX.Element {
  const end = endOf(instance.login);
  useTick(20);
  return (
    <div className="jp-Dlaas-ending" role="status">
      <Icon name="waiting_approval" />
      <span
        // Not each minute is read aloud.
        aria-live="off"
        title={end ? `${formatTime(end)} (${formatUTC(end)})` : undefined}
      >
        {end
          ? trans.__('Your login ends: %1.', formatRemaining(end, trans))
          : trans.__('Your login ends soon.')}
      </span>
      {!model.isEntering && (
        <Button
          label={trans.__('Log in again…')}
          disabled={model.isBusy}
          onClick={() => {
            model.isEntering = true;
          }}
        />
      )}
    </div>
  );
}

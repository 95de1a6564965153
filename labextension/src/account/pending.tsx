import * as React from 'react';

import { Button, IconButton, LinkButton } from '../components/button';
import { ProblemView } from '../components/problem';
import { Actions } from '../components/text';
import { formatRemaining, formatTime, formatUTC } from '../format';
import type { PendingLogin } from '../schema';
import type { IEntry } from './fields';
import { prepareWindow } from './window';

/**
 * A login that a person has to finish elsewhere.
 */
export function Pending(
  props: IEntry & { pending: PendingLogin; copy: (text: string) => void }
): JSX.Element {
  const { model, pending, trans } = props;
  const { expires_at: end } = pending;
  return (
    <div
      className="jp-Dlaas-pending"
      role="group"
      aria-label={trans.__('Log in to %1', props.instance.display_name)}
    >
      {pending.kind === 'device' ? (
        <Code {...props} />
      ) : (
        <InWindow {...props} />
      )}
      <p
        className="jp-Dlaas-quiet"
        title={`${formatTime(end)} (${formatUTC(end)})`}
      >
        {trans.__('This attempt: %1.', formatRemaining(end, trans))}
      </p>
      <Actions>
        <Button
          label={trans.__('Give up')}
          disabled={model.isBusy}
          onClick={() => void model.logout()}
        />
      </Actions>
    </div>
  );
}

function Waits(props: { text: string }): JSX.Element {
  return (
    <p className="jp-Dlaas-waits" role="status">
      <span className="jp-Dlaas-dots" aria-hidden="true" />
      <span>{props.text}</span>
    </p>
  );
}

function InWindow({ model, trans }: IEntry): JSX.Element {
  const { pendingURL, windowProblem } = model;
  React.useEffect(prepareWindow, []);
  const again = (
    <Button
      label={trans.__('Open it again')}
      disabled={model.isBusy}
      onClick={() =>
        void model.loginInWindow(model.wish, trans.__('One moment…'))
      }
    />
  );
  if (windowProblem) {
    const isBlocked = windowProblem.error === 'PopupBlocked';
    return (
      <ProblemView problem={windowProblem} trans={trans}>
        {isBlocked && pendingURL ? (
          <LinkButton
            primary
            label={trans.__('Open the login page')}
            href={pendingURL}
            // It works once; what comes next is to wait.
            onClick={() => setTimeout(() => model.forgetWindow())}
          />
        ) : (
          again
        )}
      </ProblemView>
    );
  }
  return (
    <>
      <Waits text={trans.__('Waiting until you have logged in there…')} />
      <Actions>{again}</Actions>
    </>
  );
}

function Code(
  props: IEntry & { pending: PendingLogin; copy: (text: string) => void }
): JSX.Element {
  const { copy, model, pending, trans } = props;
  const [isCopied, setIsCopied] = React.useState(false);
  const code = pending.code ?? '';
  const page = model.pendingURL;
  return (
    <>
      <p>{trans.__('Type this code on the page of your identity provider:')}</p>
      <div className="jp-Dlaas-code">
        <output aria-label={trans.__('Code')}>{code}</output>
        <IconButton
          label={isCopied ? trans.__('Copied') : trans.__('Copy the code')}
          icon={isCopied ? 'available' : 'copy'}
          onClick={() => {
            copy(code);
            setIsCopied(true);
          }}
        />
      </div>
      {page && (
        <Actions>
          <LinkButton primary label={trans.__('Open the page')} href={page} />
        </Actions>
      )}
      {page && (
        // On another device it is typed: without the code, which is asked for there.
        <p className="jp-Dlaas-address">{page.split('?')[0]}</p>
      )}
      <Waits text={trans.__('Waiting until you have logged in there…')} />
    </>
  );
}

import * as React from 'react';

import { Button } from '../components/button';
import { Choice, TextField } from '../components/field';
import { ProblemView } from '../components/problem';
import { Quiet } from '../components/text';
import { Until } from '../components/when';
import { formatTime, formatUTC } from '../format';
import { explain } from '../problems';
import type { CertificateFile } from '../schema';
import type { IEntry } from './fields';
import { AccountField, SecretField, accountAgain } from './fields';

/**
 * The way in by a certificate or a ready proxy that lies on the server.
 */
export function Certificate(props: IEntry): JSX.Element {
  const { instance, model, trans } = props;
  const { certificates } = model;
  const [account, setAccount] = React.useState(
    accountAgain(instance, 'certificate')
  );
  const passphrase = React.useRef<HTMLInputElement>(null);

  React.useEffect(() => void certificates.refresh(), [instance.name]);

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (!certificates.isValid) {
      return;
    }
    const secret = passphrase.current?.value;
    const done = await model.login({
      ...certificates.request(),
      ...(secret ? { passphrase: secret } : {}),
      ...(account ? { account } : {})
    });
    const field = passphrase.current;
    if (!done && field) {
      field.value = '';
      field.focus();
    }
  };

  return (
    <form
      className="jp-Dlaas-form"
      aria-label={trans.__('Log in to %1', instance.display_name)}
      onSubmit={event => void submit(event)}
    >
      <Certificates {...props} />
      {certificates.chosen === null && <OtherFile {...props} />}
      {certificates.mayBeEncrypted && (
        <SecretField
          ref={passphrase}
          label={
            certificates.chosen
              ? trans.__('Passphrase')
              : trans.__('Passphrase, if the key has one')
          }
          name="passphrase"
          autoComplete="off"
        />
      )}
      <AccountField
        value={account}
        hint={trans.__('the one of the certificate')}
        onChange={setAccount}
        trans={trans}
      />
      <Button
        type="submit"
        primary
        label={model.isBusy ? trans.__('Logging in…') : trans.__('Log in')}
        disabled={model.isBusy || !certificates.isValid}
        onClick={() => undefined}
      />
    </form>
  );
}

function Certificates({ model, trans }: IEntry): JSX.Element {
  const { certificates } = model;
  const { found, problem } = certificates;
  if (found === null) {
    return <Quiet role="status">{trans.__('Looking for certificates…')}</Quiet>;
  }
  return (
    <>
      {problem && (
        <ProblemView problem={problem} trans={trans}>
          <Button
            label={trans.__('Try again')}
            onClick={() => void certificates.refresh()}
          />
        </ProblemView>
      )}
      {found.length > 0 ? (
        <Found model={model} found={found} trans={trans} />
      ) : (
        !problem && (
          <Quiet>
            {trans.__(
              'No certificate was found where they usually are, such as ~/.globus. Name its file:'
            )}
          </Quiet>
        )
      )}
    </>
  );
}

function Found(
  props: Omit<IEntry, 'instance'> & { found: readonly CertificateFile[] }
): JSX.Element {
  const { certificates } = props.model;
  const { found, trans } = props;
  const group = React.useId();
  return (
    <fieldset className="jp-Dlaas-certificates">
      <legend>{trans.__('Certificate')}</legend>
      {found.map(file => (
        <Choice
          key={file.path}
          type="radio"
          name={group}
          checked={certificates.chosen === file}
          onChange={() => certificates.choose(file)}
        >
          <CertificateText file={file} trans={trans} />
        </Choice>
      ))}
      <Choice
        type="radio"
        name={group}
        checked={certificates.chosen === null}
        onChange={() => certificates.choose(null)}
      >
        {trans.__('Another file…')}
      </Choice>
    </fieldset>
  );
}

function CertificateText(props: {
  file: CertificateFile;
  trans: IEntry['trans'];
}): JSX.Element {
  const { file, trans } = props;
  const { expires_at: end, problem } = file;
  const isOver = end !== null && Date.parse(end) <= Date.now();
  return (
    <span className="jp-Dlaas-certificate-text">
      <span title={file.subject ?? undefined}>
        {commonName(file.subject) ?? file.path}
      </span>
      <span className="jp-Dlaas-quiet">
        {file.path}
        {file.kind === 'proxy' && ` · ${trans.__('proxy')}`}
        {file.encrypted && ` · ${trans.__('with a passphrase')}`}
      </span>
      {end !== null &&
        (isOver ? (
          <span className="jp-Dlaas-wrong" title={formatUTC(end)}>
            {trans.__('expired on %1', formatTime(end))}
          </span>
        ) : (
          <span className="jp-Dlaas-quiet">
            <Until time={end} trans={trans} />
          </span>
        ))}
      {problem && !isOver && (
        <span className="jp-Dlaas-wrong">
          {[explain(problem, trans).message, explain(problem, trans).remedy]
            .filter(Boolean)
            .join(' ')}
        </span>
      )}
    </span>
  );
}

const USUAL = {
  certificate: '~/.globus/usercert.pem',
  key: '~/.globus/userkey.pem'
};

function OtherFile({ model, trans }: IEntry): JSX.Element {
  const { certificates } = model;
  return (
    <>
      <TextField
        label={trans.__('Certificate, PKCS#12 or proxy file')}
        name="certificate"
        placeholder={USUAL.certificate}
        value={certificates.path}
        onChange={path => {
          certificates.path = path;
        }}
      />
      <TextField
        label={trans.__('Key file, if it is another one')}
        name="key"
        placeholder={USUAL.key}
        value={certificates.key}
        onChange={key => {
          certificates.key = key;
        }}
      />
    </>
  );
}

/**
 * The person's name in a subject such as "CN=Alice Example,O=Grid" or "/O=Grid/CN=Alice Example".
 */
export function commonName(subject: string | null): string | null {
  const names = (subject ?? '')
    .split(/[,/+]/)
    .map(part => /^\s*CN=(.*)$/i.exec(part)?.[1].trim() ?? '')
    // A proxy adds a number of its own.
    .filter(name => !/^(\d*|(limited )?proxy)$/i.test(name));
  return names[0] ?? null;
}

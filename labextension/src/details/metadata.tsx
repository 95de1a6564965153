import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { FormDialog } from '../components/dialog';
import { Input } from '../components/input';
import { ProblemView } from '../components/problem';
import { Quiet } from '../components/text';
import type { MetadataFault, MetadataModel } from './metadataModel';

interface IProps {
  model: MetadataModel;
  trans: TranslationBundle;
}

/**
 * Ask for other metadata.
 */
export async function askMetadata(
  model: MetadataModel,
  trans: TranslationBundle
): Promise<void> {
  const dialog = new FormDialog(model, {
    title: trans.__('Metadata of %1', model.metadata.did),
    draw: () => <MetadataBody model={model} trans={trans} />,
    accept: trans.__('Save'),
    trans,
    focus: 'input:not([readonly])'
  });
  await dialog.launch();
}

function MetadataBody({ model, trans }: IProps): JSX.Element {
  return (
    <>
      <div>
        {model.entries.map((_, index) => (
          <Line key={index} index={index} model={model} trans={trans} />
        ))}
        <Button label={trans.__('Add a key')} onClick={() => model.add()} />
      </div>
      <Quiet>
        {trans.__('Numbers, true, false, [lists] and {…} are kept as such.')}
      </Quiet>
      {model.problem && <ProblemView problem={model.problem} trans={trans} />}
    </>
  );
}

function Line(props: IProps & { index: number }): JSX.Element {
  const { index, model, trans } = props;
  const entry = model.entries[index];
  const fault = model.fault(entry);
  const says = React.useId();
  return (
    <div className="jp-Dlaas-key">
      <Input
        aria-label={trans.__('Key')}
        placeholder={trans.__('Key')}
        readOnly={entry.was !== null}
        value={entry.key}
        aria-invalid={fault !== null && fault !== 'value'}
        aria-describedby={says}
        onChange={key => model.set(index, { key })}
      />
      <Input
        aria-label={trans.__('Value of %1', entry.key)}
        placeholder={trans.__('Value')}
        value={entry.text}
        aria-invalid={fault === 'value'}
        aria-describedby={says}
        onChange={text => model.set(index, { text })}
      />
      <IconButton
        label={trans.__('Remove %1', entry.key)}
        icon="close"
        onClick={() => model.remove(index)}
      />
      <span id={says} className="jp-Dlaas-wrong" role="status">
        {fault && faultText(fault, trans)}
      </span>
    </div>
  );
}

function faultText(fault: MetadataFault, trans: TranslationBundle): string {
  switch (fault) {
    case 'key':
      return trans.__('A key is a text without a dot.');
    case 'twice':
      return trans.__('This key is there twice.');
    case 'value':
      return trans.__('Give a text, a finite number, or whole JSON.');
  }
}

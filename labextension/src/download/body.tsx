import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice, TextField } from '../components/field';
import { Item } from '../components/item';
import { ProblemView } from '../components/problem';
import { formatBytes } from '../format';
import type { DownloadModel } from './model';

interface IProps {
  model: DownloadModel;
  trans: TranslationBundle;
}

/**
 * Where a DID is to go.
 */
export function DownloadBody({ model, trans }: IProps): JSX.Element {
  const { item, known, problem } = model;
  const bytes = known.status?.bytes ?? null;
  const place = (value: DownloadModel['place'], text: string) => (
    <Choice
      type="radio"
      name="place"
      checked={model.place === value}
      onChange={() => {
        model.place = value;
      }}
    >
      {text}
    </Choice>
  );
  return (
    <>
      <div className="jp-Dlaas-what">
        <Item
          text={item.did}
          type={item.type}
          size={bytes === null ? undefined : formatBytes(bytes)}
        />
      </div>
      <fieldset className="jp-Dlaas-places">
        <legend>{trans.__('Download to')}</legend>
        {place('folder', trans.__('a folder of the file browser'))}
        {model.place === 'folder' && <Folder model={model} trans={trans} />}
        {place(
          'cache',
          trans.__('the cache, where notebooks find it by its name')
        )}
      </fieldset>
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

function Folder({ model, trans }: IProps): JSX.Element {
  return (
    <div className="jp-Dlaas-place">
      <TextField
        label={trans.__('Folder')}
        name="folder"
        placeholder={trans.__('the top folder')}
        value={model.folder}
        onChange={folder => {
          model.folder = folder;
        }}
      />
      <Choice
        name="overwrite"
        checked={model.overwrite}
        onChange={overwrite => {
          model.overwrite = overwrite;
        }}
      >
        {trans.__('Replace other files that have these names')}
      </Choice>
    </div>
  );
}

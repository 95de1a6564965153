import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Input } from '../components/input';
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
        <label className="jp-Dlaas-choice">
          <input
            type="radio"
            name="place"
            checked={model.place === 'folder'}
            onChange={() => {
              model.place = 'folder';
            }}
          />
          <span>{trans.__('a folder of the file browser')}</span>
        </label>
        {model.place === 'folder' && <Folder model={model} trans={trans} />}
        <label className="jp-Dlaas-choice">
          <input
            type="radio"
            name="place"
            checked={model.place === 'cache'}
            onChange={() => {
              model.place = 'cache';
            }}
          />
          <span>
            {trans.__('the cache, where notebooks find it by its name')}
          </span>
        </label>
      </fieldset>
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

function Folder({ model, trans }: IProps): JSX.Element {
  return (
    <div className="jp-Dlaas-place">
      <label className="jp-Dlaas-field">
        <span>{trans.__('Folder')}</span>
        <Input
          name="folder"
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('the top folder')}
          value={model.folder}
          onChange={folder => {
            model.folder = folder;
          }}
        />
      </label>
      <label className="jp-Dlaas-choice">
        <input
          type="checkbox"
          name="overwrite"
          checked={model.overwrite}
          onChange={event => {
            model.overwrite = event.target.checked;
          }}
        />
        <span>{trans.__('Replace other files that have these names')}</span>
      </label>
    </div>
  );
}

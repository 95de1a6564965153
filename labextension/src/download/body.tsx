import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../components/icon';
import { Input } from '../components/input';
import { Name } from '../components/name';
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
  const { item, problem, size } = model;
  return (
    <>
      <div className="jp-Dlaas-what">
        <div className="jp-Dlaas-what-did" title={item.did}>
          <Icon
            name={item.type}
            className={`jp-Dlaas-row-type jp-mod-${item.type}`}
          />
          <Name text={item.did} />
          {size.bytes !== null && (
            <span className="jp-Dlaas-row-size">{formatBytes(size.bytes)}</span>
          )}
        </div>
      </div>
      <fieldset className="jp-Dlaas-places">
        <legend>{trans.__('Download to')}</legend>
        <label>
          <input
            type="radio"
            name="place"
            checked={model.place === 'folder'}
            onChange={() => {
              model.place = 'folder';
            }}
          />
          {trans.__('a folder of the file browser')}
        </label>
        {model.place === 'folder' && <Folder model={model} trans={trans} />}
        <label>
          <input
            type="radio"
            name="place"
            checked={model.place === 'cache'}
            onChange={() => {
              model.place = 'cache';
            }}
          />
          {trans.__('the cache, where notebooks find it by its name')}
        </label>
      </fieldset>
      {problem && <ProblemView problem={problem} trans={trans} />}
    </>
  );
}

function Folder({ model, trans }: IProps): JSX.Element {
  return (
    <>
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
      <label>
        <input
          type="checkbox"
          name="overwrite"
          checked={model.overwrite}
          onChange={event => {
            model.overwrite = event.target.checked;
          }}
        />
        {trans.__('Replace other files that have these names')}
      </label>
    </>
  );
}

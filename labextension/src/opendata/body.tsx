import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Input } from '../components/input';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { splitDID } from '../did';
import { formatBytes, formatCount } from '../format';
import type { OpenFile, OpenItem } from '../schema';
import type { OpenDataModel } from './model';

interface IProps {
  model: OpenDataModel;
  attach: (did: string, type: 'dataset' | 'file') => void;
  download: (did: string) => void;
  basket: () => void;
  trans: TranslationBundle;
}

/**
 * So many files of an item are shown.
 */
const MOST = 100;

/**
 * Where it is not looked at, the way to it; else what there is.
 */
export function OpenDataBody(props: IProps): JSX.Element | null {
  const { model, trans } = props;
  const { instance, phase } = model.lake;
  if (!model.isOpen) {
    return (
      <>
        {instance && !instance.problem && (
          <Button
            label={trans.__('Look at open data without an account')}
            onClick={() => {
              model.isOpen = true;
            }}
          />
        )}
        {phase === 'ready' && (
          <Button
            label={trans.__('Look at the basket')}
            onClick={props.basket}
          />
        )}
      </>
    );
  }
  return (
    <>
      <div className="jp-Dlaas-basket-head">
        <h3>{trans.__('Open data of %1', instance?.display_name ?? '')}</h3>
        <IconButton
          label={trans.__('Close the open data')}
          icon="close"
          onClick={() => {
            model.isOpen = false;
          }}
        />
      </div>
      <Search {...props} />
      <Found {...props} />
    </>
  );
}

function Search({ model, trans }: IProps): JSX.Element {
  return (
    <form
      className="jp-Dlaas-search-box"
      role="search"
      aria-label={trans.__('Open data')}
      onSubmit={event => {
        event.preventDefault();
        void model.search();
      }}
    >
      <Icon name="search" />
      <Input
        type="search"
        autoFocus
        aria-label={trans.__('Search the open data')}
        placeholder={trans.__('words, *name*, or a DOI')}
        spellCheck={false}
        value={model.text}
        onChange={text => {
          model.text = text;
        }}
      />
      <input type="submit" hidden />
    </form>
  );
}

function Found(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { items, problem } = model;
  return (
    <>
      <p className="jp-Dlaas-quiet" role="status">
        {!items
          ? trans.__('Asking…')
          : problem && !items.length
            ? ''
            : trans._n(
                '%2 item, public to everybody',
                '%2 items, public to everybody',
                items.length,
                formatCount(items.length)
              )}
      </p>
      {problem && <ProblemView problem={problem} trans={trans} />}
      <ul aria-label={trans.__('Open data')}>
        {items?.map(item => (
          <Line key={item.did} {...props} item={item} />
        ))}
      </ul>
    </>
  );
}

function Line(props: IProps & { item: OpenItem }): JSX.Element {
  const { item, model } = props;
  const { did } = item;
  const { name, scope } = splitDID(did);
  const known = model.item?.did === did ? model.item : null;
  return (
    <li data-did={did} data-instance={model.lake.instance?.name}>
      <button
        type="button"
        className="jp-Dlaas-link jp-Dlaas-fold jp-Dlaas-open"
        aria-expanded={known !== null}
        title={did}
        onClick={() => void model.toggle(item)}
      >
        <Icon name="chevron" />
        <Name text={name} prefix={`${scope}:`} />
      </button>
      {known && <Card {...props} item={known} />}
    </li>
  );
}

function Card(props: IProps & { item: OpenItem }): JSX.Element {
  const { item, trans } = props;
  const { did, doi, files } = item;
  const told = Object.entries(item.metadata ?? {}).filter(([, value]) =>
    ['string', 'number'].includes(typeof value)
  );
  return (
    <div className="jp-Dlaas-what">
      <dl>
        {doi && (
          <>
            <dt>{trans.__('DOI')}</dt>
            <dd>
              <Link href={`https://doi.org/${doi}`} text={doi} />
            </dd>
          </>
        )}
        {told.slice(0, 8).map(([key, value]) => (
          <React.Fragment key={key}>
            <dt>{key}</dt>
            <dd>{String(value)}</dd>
          </React.Fragment>
        ))}
        <dt>{trans.__('Size')}</dt>
        <dd>
          {files
            ? trans._n(
                '%2 in %3 file',
                '%2 in %3 files',
                files.length,
                formatBytes(item.bytes ?? 0),
                formatCount(files.length)
              )
            : trans.__('Asking…')}
        </dd>
      </dl>
      <div className="jp-Dlaas-actions">
        <Button
          primary
          label={trans.__('Download…')}
          onClick={() => props.download(did)}
        />
        <Button
          label={trans.__('Attach…')}
          onClick={() => props.attach(did, 'dataset')}
        />
      </div>
      {files && (
        <ul
          className="jp-Dlaas-job-files"
          aria-label={trans.__('Files of %1', did)}
          tabIndex={0}
        >
          {files.slice(0, MOST).map(file => (
            <File key={file.did} file={file} />
          ))}
          {files.length > MOST && (
            <li>{trans.__('and %1 more', formatCount(files.length - MOST))}</li>
          )}
        </ul>
      )}
    </div>
  );
}

function File({ file }: { file: OpenFile }): JSX.Element {
  const { name } = splitDID(file.did);
  const url = file.urls.find(each => each.startsWith('https:'));
  return (
    <li>
      {url ? <Link href={url} text={name} /> : name}
      {file.bytes !== null && ` · ${formatBytes(file.bytes)}`}
    </li>
  );
}

function Link(props: { href: string; text: string }): JSX.Element {
  return (
    <a href={props.href} target="_blank" rel="noopener noreferrer">
      {props.text}
    </a>
  );
}

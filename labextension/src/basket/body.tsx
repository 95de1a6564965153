import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Name } from '../components/name';
import { ProblemView } from '../components/problem';
import { formatBytes, formatCount } from '../format';
import { explain } from '../problems';
import type { BasketRow } from '../schema';
import { Host, hostText, purposeText } from './host';
import type { BasketModel, Kind } from './model';
import { KINDS, kindOf } from './model';

/**
 * What is done with the chosen items by dialogs and in other sections.
 */
export interface IBasketActs {
  stage: () => void;
  attach: () => void;
  download: () => void;
  remove: () => void;
  add: () => void;
}

interface IProps {
  model: BasketModel;
  acts: IBasketActs;
  trans: TranslationBundle;
}

/**
 * So many items of a kind are shown.
 */
const MOST = 500;

/**
 * What is in the baskets, grouped by what can be done with it, and what to do with the chosen.
 */
export function BasketBody(props: IProps): JSX.Element {
  const { acts, model, trans } = props;
  const { info, problem, rows } = model;
  return (
    <>
      <div className="jp-Dlaas-basket-head">
        <span className="jp-Dlaas-quiet" role="status">
          {!info || model.isBusy
            ? trans.__('Asking…')
            : rows.length > 0 &&
              trans._n(
                '%2 item',
                '%2 items',
                rows.length,
                formatCount(rows.length)
              )}
        </span>
        <Button label={trans.__('Import…')} onClick={acts.add} />
        <IconButton
          label={trans.__('Read the basket again')}
          icon="refresh"
          disabled={model.isBusy}
          onClick={() => void model.read()}
        />
      </div>
      {problem && <ProblemView problem={problem} trans={trans} />}
      {info?.warnings.map(text => (
        <p key={text} role="alert" className="jp-Dlaas-basket-told">
          <Icon name="info" />
          <span>{text}</span>
        </p>
      ))}
      {info?.hosts.map(each => (
        <Host key={each.host} {...props} host={each} />
      ))}
      {info && !rows.length && !info.hosts.some(each => each.problem) && (
        <Empty {...props} />
      )}
      {KINDS.map(kind => (
        <Group key={kind} {...props} kind={kind} />
      ))}
      {rows.length > 0 && <Acts {...props} />}
    </>
  );
}

function Empty({ model, trans }: IProps): JSX.Element {
  return (
    <div className="jp-Dlaas-empty">
      <strong>{trans.__('Nothing is in the basket')}</strong>
      <p>
        {model.info?.hosts.length
          ? purposeText(trans)
          : trans.__(
              'No ESAP is configured here. A saved basket or a list of DIDs can be imported.'
            )}
      </p>
    </div>
  );
}

function Group(props: IProps & { kind: Kind }): JSX.Element | null {
  const { kind, model, trans } = props;
  const rows = model.rows.filter(row => kindOf(row) === kind);
  const title = kindText(kind, trans);
  const all = rows.length > 0 && rows.every(row => model.isChosen(row));
  if (!rows.length) {
    return null;
  }
  return (
    <section aria-label={title}>
      <label className="jp-Dlaas-choice jp-Dlaas-basket-kind">
        <input
          type="checkbox"
          checked={all}
          onChange={() => model.choose(rows, !all)}
        />
        <strong>{title}</strong>
        <span className="jp-Dlaas-quiet">{formatCount(rows.length)}</span>
      </label>
      <ul>
        {rows.slice(0, MOST).map(row => (
          <Line key={row.id} {...props} row={row} />
        ))}
        {rows.length > MOST && (
          <li className="jp-Dlaas-quiet">
            {trans.__('and %1 more', formatCount(rows.length - MOST))}
          </li>
        )}
      </ul>
    </section>
  );
}

/**
 * An item: what it is, where it is from, and why it could not be downloaded.
 */
function Line(props: IProps & { row: BasketRow }): JSX.Element {
  const { model, row, trans } = props;
  const { did, host, link, note, type } = row;
  const failure = model.failure(row);
  const words = failure && explain(failure, trans);
  return (
    <li
      className="jp-Dlaas-basket-item"
      data-item={row.id}
      data-did={did ?? undefined}
      data-instance={row.instance ?? undefined}
    >
      <label className="jp-Dlaas-basket-what" title={did ?? row.title}>
        <input
          type="checkbox"
          checked={model.isChosen(row)}
          onChange={event => model.choose([row], event.target.checked)}
        />
        <Icon name={did ? (type ?? 'dataset') : row.url ? 'file' : 'info'} />
        <Name text={row.title} />
      </label>
      <span className="jp-Dlaas-basket-more">
        {[
          row.bytes !== null && formatBytes(row.bytes),
          !did && row.archive,
          !host
            ? trans.__('imported')
            : model.info!.hosts.length > 1 && hostText(host)
        ]
          .filter(Boolean)
          .join(' · ')}
        {link && (
          <>
            {' '}
            <a href={link} target="_blank" rel="noopener noreferrer">
              {trans.__('open')}
            </a>
          </>
        )}
        {note && ` ${note}`}
      </span>
      {did && <Place {...props} />}
      {words && (
        <p className="jp-Dlaas-wrong" role="alert">
          {`${words.title}. ${words.message} ${words.remedy}`}
        </p>
      )}
    </li>
  );
}

/**
 * The lake of an item, where there are several.
 */
function Place(props: IProps & { row: BasketRow }): JSX.Element | null {
  const { model, row, trans } = props;
  const { instances } = model.lake;
  if (instances.length < 2 && row.instance) {
    return null;
  }
  const known = instances.some(({ name }) => name === row.instance);
  return (
    <select
      className="jp-Dlaas-select jp-mod-quiet"
      aria-label={trans.__('Data lake of %1', row.title)}
      aria-invalid={!row.instance}
      value={row.instance ?? ''}
      disabled={model.isBusy}
      onChange={event => void model.use(row, event.target.value || null)}
    >
      {!known && (
        <option value={row.instance ?? ''}>
          {row.instance ?? trans.__('Which data lake?')}
        </option>
      )}
      {instances.map(({ display_name, name }) => (
        <option key={name} value={name}>
          {display_name}
        </option>
      ))}
    </select>
  );
}

/**
 * What can be done with all that is chosen.
 */
function Acts({ acts, model, trans }: IProps): JSX.Element {
  const { chosen, chosenDIDs } = model;
  const isNone = !chosen.length;
  return (
    <div className="jp-Dlaas-basket-acts">
      <span role="status">
        {isNone
          ? trans.__('Choose items')
          : trans.__('%1 chosen', formatCount(chosen.length))}
      </span>
      <Button
        primary
        label={trans.__('Make available…')}
        disabled={!chosenDIDs.length}
        onClick={acts.stage}
      />
      <Button
        label={trans.__('Attach')}
        disabled={!chosenDIDs.length}
        onClick={acts.attach}
      />
      <Button
        label={trans.__('Download…')}
        disabled={!model.chosenData.length}
        onClick={acts.download}
      />
      <Button
        label={trans.__('Remove…')}
        disabled={isNone || model.isBusy}
        onClick={acts.remove}
      />
    </div>
  );
}

function kindText(kind: Kind, trans: TranslationBundle): string {
  switch (kind) {
    case 'lake':
      return trans.__('In data lakes');
    case 'url':
      return trans.__('At archives');
    case 'page':
      return trans.__('To look at');
  }
}

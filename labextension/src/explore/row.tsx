import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Icon } from '../components/icon';
import { Name } from '../components/name';
import { StateMark, stateText } from '../components/state';
import { splitDID } from '../did';
import { formatBytes, formatCount } from '../format';
import { explain } from '../problems';
import { MOST_ROWS } from '../restapi';
import type { Entry } from '../schema';
import type { ExploreModel } from './model';
import type { IEntryRow, INoteRow, Row } from './tree';

interface IProps<T extends Row> {
  id: string;
  row: T;
  index: number;
  top: number;
  isActive: boolean;
  model: ExploreModel;
  trans: TranslationBundle;
}

/**
 * One line of the tree.
 */
export function TreeRow(props: IProps<Row>): JSX.Element {
  const { row } = props;
  return row.kind === 'entry' ? (
    <EntryRow {...props} row={row} />
  ) : (
    <NoteRow {...props} row={row} />
  );
}

function EntryRow(props: IProps<IEntryRow>): JSX.Element {
  const { index, model, row, trans } = props;
  const { did, type } = row.entry;
  const status = model.status(row);
  const size = sizeText(row.entry, trans);
  const isSelected = model.isSelected(row);
  const { scope, name } = splitDID(did);
  const outer = row.group.parent?.entry.did ?? model.pattern;
  return (
    <div
      id={props.id}
      role="treeitem"
      className={classes(props, isSelected)}
      style={style(props)}
      aria-label={[
        did,
        typeText(type, trans),
        size,
        status && stateText(status.state, trans)
      ]
        .filter(Boolean)
        .join(', ')}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.group.isComplete ? row.group.size : -1}
      aria-selected={isSelected}
      aria-expanded={row.fold === 'leaf' ? undefined : row.fold !== 'closed'}
      data-did={did}
      title={did}
      onClick={() => model.select(row)}
      onDoubleClick={() => void model.toggle(row)}
      // The commands of the menu are about what is selected.
      onContextMenu={() => model.select(row)}
    >
      <span
        className={`jp-Dlaas-row-fold jp-mod-${row.fold}`}
        onClick={event => {
          event.stopPropagation();
          model.activeIndex = index;
          void model.toggle(row);
        }}
        onDoubleClick={event => event.stopPropagation()}
      >
        {row.fold !== 'leaf' && <Icon name="chevron" />}
      </span>
      <Icon name={type} className={`jp-Dlaas-row-type jp-mod-${type}`} />
      <Name
        text={name}
        prefix={splitDID(outer).scope === scope ? undefined : `${scope}:`}
      />
      {status && <StateMark status={status} trans={trans} />}
      <span className="jp-Dlaas-row-size">{size}</span>
    </div>
  );
}

function NoteRow(props: IProps<INoteRow>): JSX.Element {
  const { model, row, trans } = props;
  const text = noteText(row, trans);
  const acts = row.note === 'more' || row.note === 'problem';
  return (
    <div
      id={props.id}
      role="treeitem"
      className={`${classes(props, false)} jp-mod-note jp-mod-${row.note}`}
      style={style(props)}
      aria-level={row.level}
      aria-selected={false}
      aria-label={text}
      title={text}
      onClick={acts ? () => void model.more(row) : undefined}
    >
      <span className="jp-Dlaas-row-fold" />
      {row.note === 'asking' && (
        <span className="jp-Dlaas-dots" aria-hidden="true" />
      )}
      {row.note === 'problem' && <Icon name="stuck" />}
      <span className="jp-Dlaas-row-note">{text}</span>
    </div>
  );
}

function classes(props: IProps<Row>, isSelected: boolean): string {
  return [
    'jp-Dlaas-row',
    props.isActive && 'jp-mod-active',
    isSelected && 'jp-mod-selected'
  ]
    .filter(Boolean)
    .join(' ');
}

function style(props: IProps<Row>): React.CSSProperties {
  return {
    transform: `translateY(${props.top}px)`,
    paddingInlineStart: 4 + (props.row.level - 1) * 14
  };
}

function noteText(row: INoteRow, trans: TranslationBundle): string {
  switch (row.note) {
    case 'asking':
      return trans.__('Asking…');
    case 'empty':
      return trans.__('Nothing in it');
    case 'more': {
      const count = formatCount(row.group.size);
      return row.group.parent === null && row.group.size >= MOST_ROWS
        ? trans.__('The first %1 are shown: search for less', count)
        : trans.__('The first %1 are shown: show more', count);
    }
    case 'problem': {
      const words = explain(row.problem!, trans);
      return trans.__('%1. %2 Click to try again.', words.title, words.message);
    }
  }
}

function sizeText(entry: Entry, trans: TranslationBundle): string {
  if (entry.type !== 'file' && entry.files !== null) {
    const files = formatCount(entry.files);
    return trans._n('%2 file', '%2 files', entry.files, files);
  }
  return entry.bytes === null ? '' : formatBytes(entry.bytes);
}

/**
 * What kind of DID it is, in words.
 */
export function typeText(
  type: Entry['type'],
  trans: TranslationBundle
): string {
  switch (type) {
    case 'container':
      return trans.__('container');
    case 'dataset':
      return trans.__('dataset');
    case 'file':
      return trans.__('file');
  }
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { EmbargoBadge } from '../account/embargo';
import { Icon } from '../components/icon';
import { Name } from '../components/name';
import { StateMark, stateText } from '../components/state';
import { splitDID } from '../did';
import { formatBytes, formatCount, formatDay, formatTime } from '../format';
import { explain } from '../problems';
import { MOST_ROWS } from '../restapi';
import type { IFound } from './entries';
import type { IEntryRow, INoteRow, Row } from './group';
import type { ExploreModel } from './model';

const DOUBLE_CLICK = 300;

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
  const { entry, fold, group } = row;
  const { did, type } = entry;
  const isScope = type === 'scope';
  const status = isScope ? null : model.status(row);
  const size = sizeText(entry, trans);
  const isSelected = model.isSelected(row);
  const { scope, name } = splitDID(did);
  const outer = splitDID(group.of?.did ?? `${model.pattern}:`).scope;
  const title = isScope ? scope : did;
  const date = model.sight.date(did);
  return (
    <div
      id={props.id}
      role="treeitem"
      className={classes(props, isSelected)}
      style={style(props)}
      aria-label={[
        title,
        typeText(type, trans),
        size,
        status && stateText(status.state, trans)
      ]
        .filter(Boolean)
        .join(', ')}
      aria-level={group.level}
      aria-posinset={row.position + 1}
      aria-setsize={group.total ?? -1}
      aria-selected={isSelected}
      aria-expanded={fold === 'leaf' ? undefined : fold !== 'closed'}
      data-did={isScope ? undefined : did}
      data-instance={isScope ? undefined : model.lake.instance?.name}
      title={date ? `${title}\n${formatTime(date)}` : title}
      onClick={() => click(props)}
      onDoubleClick={isScope ? undefined : () => void model.toggle(row)}
      // The commands of the menu are about what is selected.
      onContextMenu={() => model.select(row)}
    >
      <span
        className={`jp-Dlaas-row-fold jp-mod-${fold}`}
        onClick={event => {
          event.stopPropagation();
          model.activeIndex = index;
          void model.toggle(row);
        }}
        onDoubleClick={event => event.stopPropagation()}
      >
        {fold !== 'leaf' && <Icon name="chevron" />}
      </span>
      <Icon name={type} className={`jp-Dlaas-row-type jp-mod-${type}`} />
      <Name
        text={isScope ? scope : name}
        prefix={isScope || outer === scope ? undefined : `${scope}:`}
      />
      <EmbargoBadge instance={model.lake.instance} did={did} trans={trans} />
      <span className="jp-Dlaas-row-size">{size}</span>
      {!isScope && (
        <span className="jp-Dlaas-row-date">{date && formatDay(date)}</span>
      )}
      {!isScope && (
        <span className="jp-Dlaas-row-state">
          {status && <StateMark status={status} trans={trans} />}
        </span>
      )}
    </div>
  );
}

/**
 * The first card makes room for itself below: where a second click may follow, it must still find its row.
 */
function click({ index, model, row }: IProps<IEntryRow>): void {
  const opensCard = row.entry.type !== 'scope' && !model.lake.selected;
  if (opensCard && row.fold !== 'leaf') {
    model.activeIndex = index;
    setTimeout(() => model.act(row), DOUBLE_CLICK);
  } else {
    model.act(row);
  }
}

function NoteRow(props: IProps<INoteRow>): JSX.Element {
  const { model, row, trans } = props;
  const text = noteText(row, trans);
  const acts = row.note !== 'empty';
  return (
    <div
      id={props.id}
      role="treeitem"
      className={`${classes(props, false)} jp-mod-note jp-mod-${row.note}`}
      style={style(props)}
      aria-level={row.group.level}
      aria-selected={false}
      aria-label={text}
      title={text}
      onClick={acts ? () => model.act(row) : undefined}
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
    paddingInlineStart: 4 + (props.row.group.level - 1) * 14
  };
}

function noteText({ group, note }: INoteRow, trans: TranslationBundle): string {
  const count = formatCount(group.size);
  switch (note) {
    case 'asking':
      return !group.size
        ? trans.__('Asking…')
        : group.isAll
          ? trans.__('%1 so far…', count)
          : trans.__('%1 so far: list all', count);
    case 'empty':
      return trans.__('Nothing in it');
    case 'more':
      if (
        group.of?.type === 'scope' ||
        (group.size >= MOST_ROWS && !group.of)
      ) {
        return trans.__('The first %1 are shown: search for less', count);
      }
      if (!group.of) {
        return trans.__('The first %1 are shown: show more', count);
      }
      return group.total === null
        ? trans.__('The first %1 are shown: list all', count)
        : trans.__(
            '%1 of %2 are shown: list all',
            count,
            formatCount(group.total)
          );
    case 'problem': {
      const words = explain(group.problem!, trans);
      return trans.__('%1. %2 Click to try again.', words.title, words.message);
    }
  }
}

function sizeText(entry: IFound, trans: TranslationBundle): string {
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
  type: IFound['type'],
  trans: TranslationBundle
): string {
  switch (type) {
    case 'scope':
      return trans.__('scope');
    case 'container':
      return trans.__('container');
    case 'dataset':
      return trans.__('dataset');
    case 'file':
      return trans.__('file');
  }
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { flushSync } from 'react-dom';

import type { IFound } from './entries';
import type { IPlace, Row } from './group';
import { formerIndex, onTreeKey, openMenu, useTypeahead } from './keys';
import type { ExploreModel } from './model';
import { TreeRow } from './row';
import { Scroll } from './scroll';

const ROW = 24;
const BEYOND = 8;

/**
 * The tree of what was found; only the rows in sight are drawn, whatever their number.
 */
export function TreeList(props: {
  model: ExploreModel;
  trans: TranslationBundle;
  label: string;
}): JSX.Element {
  const { model, trans } = props;
  const { count } = model;
  const active = model.activeIndex;
  const id = React.useId();
  const scroller = React.useRef<HTMLDivElement>(null);
  const { first, go, shift, view } = useScroll(scroller, count * ROW);
  const typeahead = useTypeahead(model);
  const end = Math.min(first + Math.ceil(view / ROW) + 1, count);
  const rows = drawn(model, first, end, active);
  const { place } = go;
  const row = model.row(active);
  const activeId = row ? id + key(row) : undefined;

  const top = React.useRef({ row: null as Row | null, first });

  React.useLayoutEffect(() => {
    const { current: before } = top;
    top.current = { row: model.row(first), first };
    // What arrives above what is in sight leaves it there.
    const now = formerIndex(model, before.row);
    if (now >= 0 && now !== before.first) {
      go(place() + (now - before.first) * ROW);
    }
  });

  const last = React.useRef({ name: '', view, isSeen: false });

  React.useEffect(() => {
    const { current: before } = last;
    const y = active * ROW;
    const isSeen = y >= place() && y + ROW <= place() + view;
    last.current = { name: name(model.active), view, isSeen };
    const isMoved = last.current.name !== before.name;
    // What arrives around the active row scrolls nothing; but the card that opens must not cover it.
    if (
      active >= 0 &&
      !isSeen &&
      (isMoved || (before.isSeen && before.view !== view))
    ) {
      go(y < place() ? y : y + ROW - view);
    }
  });

  React.useEffect(() => {
    const seen = rows.filter(({ index }) => index >= first && index < end);
    model.see(seen.map(({ row }) => row));
  });

  return (
    <div
      ref={scroller}
      className="jp-Dlaas-tree"
      role="tree"
      tabIndex={0}
      aria-label={props.label}
      aria-busy={model.phase === 'asking'}
      aria-activedescendant={activeId}
      onKeyDown={event =>
        onTreeKey(
          event,
          model,
          Math.max(Math.floor(view / ROW) - 1, 1),
          typeahead
        )
      }
      onContextMenu={event => openMenu(event, activeId)}
      onFocus={() => {
        if (active < 0 && count) {
          // One in sight: what a mouse is about to click must not move.
          model.activeIndex = Math.min(Math.ceil(place() / ROW), count - 1);
        }
      }}
    >
      <div
        role="presentation"
        className="jp-Dlaas-tree-rows"
        style={{ height: Scroll.drawn(count * ROW) }}
      >
        {rows.map(({ index, row }) => (
          <TreeRow
            key={key(row)}
            id={id + key(row)}
            row={row}
            index={index}
            top={index * ROW - shift}
            isActive={index === active}
            model={model}
            trans={trans}
          />
        ))}
      </div>
    </div>
  );
}

/**
 * The rows to draw: those in sight, some beyond, and the active one: assistive technology is told its id.
 */
function drawn(
  model: ExploreModel,
  first: number,
  end: number,
  active: number
): { index: number; row: Row }[] {
  const from = Math.max(first - BEYOND, 0);
  const to = Math.min(end + BEYOND, model.count);
  const indexes = Array.from(
    { length: Math.max(to - from, 0) },
    (_, n) => from + n
  );
  if (active >= 0 && active < from) {
    indexes.unshift(active);
  } else if (active >= to) {
    indexes.push(active);
  }
  return indexes.map(index => ({ index, row: model.row(index)! }));
}

/**
 * The same as long as the row is there, wherever it stands by now.
 */
function key({ group, kind, position }: IPlace): string {
  return `${group.key}:${kind === 'note' ? kind : position}`;
}

/**
 * The same as long as somebody stays there, also while a longer search for the same comes.
 */
function name(place: (IPlace & { entry?: IFound }) | null): string {
  return place ? key(place) + place.entry?.did : '';
}

/**
 * Where a list is scrolled to, in rows, and how to scroll it.
 */
function useScroll(scroller: React.RefObject<HTMLDivElement>, height: number) {
  const scroll = React.useRef(new Scroll()).current;
  const [view, setView] = React.useState(20 * ROW);
  const [seen, setSeen] = React.useState({ first: 0, shift: 0 });
  const put = (top: number) => {
    const node = scroller.current!;
    if (Math.abs(node.scrollTop - top) >= 1) {
      node.scrollTop = top;
    }
    const { place, shift } = scroll;
    const first = Math.floor(place / ROW);
    setSeen(old =>
      old.first === first && old.shift === shift ? old : { first, shift }
    );
  };
  const go = (place: number) => put(scroll.to(place, height, view));
  go.place = () => scroll.place;

  React.useLayoutEffect(() => {
    const node = scroller.current!;
    const observer = new ResizeObserver(() => setView(node.clientHeight));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  React.useLayoutEffect(() => {
    const node = scroller.current!;
    const onScroll = () =>
      // In this frame: a frame later the rows would be out of sight.
      flushSync(() => put(scroll.follow(node.scrollTop, height, view)));
    go(scroll.place);
    node.addEventListener('scroll', onScroll, { passive: true });
    return () => node.removeEventListener('scroll', onScroll);
  }, [height, view]);

  return { ...seen, go, view };
}

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { flushSync } from 'react-dom';

import type { Row } from './group';
import { onTreeKey, openMenu, useTypeahead } from './keys';
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

  const last = React.useRef({ key: '', view, isSeen: false });

  React.useEffect(() => {
    const { current: before } = last;
    const top = active * ROW;
    const isSeen = top >= place() && top + ROW <= place() + view;
    last.current = { key: key(model.row(active)), view, isSeen };
    const isMoved = last.current.key !== before.key;
    // What arrives around the active row scrolls nothing; but the card that opens must not cover it.
    if (
      active >= 0 &&
      !isSeen &&
      (isMoved || (before.isSeen && before.view !== view))
    ) {
      go(top < place() ? top : top + ROW - view);
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
      aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
      onKeyDown={event =>
        onTreeKey(
          event,
          model,
          Math.max(Math.floor(view / ROW) - 1, 1),
          typeahead
        )
      }
      onContextMenu={event => openMenu(event, `${id}-${active}`)}
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
            id={`${id}-${index}`}
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

function key(row: Row | null): string {
  return row ? `${row.group.key}:${row.position}` : '';
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

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Range } from '@tanstack/react-virtual';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import type { ExploreModel } from './model';
import { TreeRow } from './row';

const ROW = 24;
const PAGE = 10;

/**
 * The tree of what was found; only the rows in sight are drawn, whatever their number.
 */
export function TreeList(props: {
  model: ExploreModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { rows } = model;
  const active = model.activeIndex;
  const id = React.useId();
  const scroller = React.useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: PAGE,
    initialRect: { width: 300, height: 20 * ROW },
    // The active row is drawn even out of sight: assistive technology is told its id.
    rangeExtractor: (range: Range) => withIndex(range, active)
  });

  React.useEffect(() => {
    if (active >= 0) {
      virtualizer.scrollToIndex(active, { align: 'auto' });
    }
    // Only a move of the active row scrolls, not what arrives around it.
  }, [rows[active]?.key]);

  return (
    <div
      ref={scroller}
      className="jp-Dlaas-tree"
      role="tree"
      tabIndex={0}
      aria-label={trans.__('Found in the data lake')}
      aria-busy={model.phase === 'asking'}
      aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
      onKeyDown={event => onKey(event, model)}
      onFocus={() => {
        if (active < 0 && rows.length) {
          model.activeIndex = 0;
        }
      }}
    >
      <div
        role="presentation"
        className="jp-Dlaas-tree-rows"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map(item => {
          const row = rows[item.index];
          return (
            row && (
              <TreeRow
                key={`${item.index}${row.key}`}
                id={`${id}-${item.index}`}
                row={row}
                index={item.index}
                top={item.start}
                isActive={item.index === active}
                model={model}
                trans={trans}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function withIndex(range: Range, index: number): number[] {
  const shown = defaultRangeExtractor(range);
  if (index < 0 || index >= range.count || shown.includes(index)) {
    return shown;
  }
  return [...shown, index].sort((a, b) => a - b);
}

/**
 * The keys of a tree, as WAI-ARIA's practices have them.
 */
function onKey(event: React.KeyboardEvent, model: ExploreModel): void {
  const { activeIndex: at, rows } = model;
  const row = rows[at];
  const last = rows.length - 1;
  const moves: { [key: string]: number } = {
    ArrowDown: Math.min(at + 1, last),
    ArrowUp: Math.max(at - 1, 0),
    PageDown: Math.min(at + PAGE, last),
    PageUp: Math.max(at - PAGE, 0),
    Home: 0,
    End: last
  };
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key in moves) {
    model.activeIndex = moves[event.key];
  } else if (!row) {
    return;
  } else if (row.kind === 'note') {
    if (!['Enter', ' '].includes(event.key)) {
      return;
    }
    void model.more(row);
  } else if (event.key === 'Enter' || event.key === ' ') {
    model.select(row);
  } else if (event.key === 'ArrowRight') {
    if (row.fold === 'closed') {
      void model.toggle(row);
    } else if (row.fold === 'open') {
      model.activeIndex = Math.min(at + 1, last);
    }
  } else if (event.key === 'ArrowLeft') {
    if (row.fold === 'open' || row.fold === 'asking') {
      void model.toggle(row);
    } else if (model.parentIndex(at) >= 0) {
      model.activeIndex = model.parentIndex(at);
    }
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

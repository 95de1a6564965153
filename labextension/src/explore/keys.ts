import * as React from 'react';

import type { IPlace } from './group';
import type { ExploreModel } from './model';

const PAUSE = 700;

/**
 * Letters that follow each other quickly: the beginning of a name.
 */
export function useTypeahead(model: ExploreModel): (letter: string) => void {
  const typed = React.useRef({ text: '', at: 0 });
  return letter => {
    const now = Date.now();
    const before = now - typed.current.at < PAUSE ? typed.current.text : '';
    const text = before + letter.toLowerCase();
    typed.current = { text, at: now };
    // A first letter goes to the next such name, further letters stay where they fit.
    const from = Math.max(model.activeIndex, 0) + (before ? 0 : 1);
    const index = model.find(text, from);
    if (index >= 0) {
      model.activeIndex = index;
    }
  };
}

/**
 * The index of what stands now where a note was, or of the same row as ever; -1 where there is none.
 */
export function formerIndex(model: ExploreModel, place: IPlace | null): number {
  return place ? model.indexOf({ ...place, kind: undefined }) : -1;
}

/**
 * The keys of a tree, as WAI-ARIA's practices have them.
 */
export function onTreeKey(
  event: React.KeyboardEvent,
  model: ExploreModel,
  page: number,
  typeahead: (letter: string) => void
): void {
  const { active, activeIndex: at, count } = model;
  const { key } = event;
  const row = model.row(at);
  const last = count - 1;
  // Where rows have arrived before a note, the keys go to what is beside its former place: only that is in sight.
  const from = formerIndex(model, active);
  const next = from < at ? from : at + 1;
  const moves: { [key: string]: number } = {
    ArrowDown: Math.min(next, last),
    ArrowUp: Math.max(from - 1, 0),
    PageDown: Math.min(next - 1 + page, last),
    PageUp: Math.max(from - page, 0),
    Home: 0,
    End: last
  };
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (key in moves) {
    model.activeIndex = moves[key];
  } else if (!row) {
    return;
  } else if (key === 'ArrowLeft') {
    const isOpen =
      row.kind === 'entry' && !['leaf', 'closed'].includes(row.fold);
    const parent = model.parentIndex(row);
    if (isOpen) {
      void model.toggle(row);
    } else if (parent >= 0) {
      model.activeIndex = parent;
    }
  } else if (key === 'Enter' || key === ' ') {
    model.act(row);
  } else if (key === 'ArrowRight' && row.kind === 'entry') {
    if (row.fold === 'closed') {
      void model.toggle(row);
    } else if (row.fold === 'open') {
      model.activeIndex = Math.min(at + 1, last);
    }
  } else if (key === '*') {
    void model.openAll(row);
  } else if (key.length === 1) {
    typeahead(key);
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/**
 * A menu that the keyboard asks for is about the active row, not about the tree that has the focus.
 */
export function openMenu(event: React.MouseEvent<HTMLElement>, id = ''): void {
  const { button, currentTarget: tree, target } = event;
  const row = document.getElementById(id);
  if (target !== tree || button === 2 || !row) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const { bottom, left } = row.getBoundingClientRect();
  row.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      button: 2,
      clientX: left + 40,
      clientY: bottom
    })
  );
  // Lumino leaves the focus nowhere.
  document.querySelector('.lm-Menu')?.addEventListener('keydown', pressed => {
    if ((pressed as KeyboardEvent).key === 'Escape') {
      setTimeout(() => tree.focus());
    }
  });
}

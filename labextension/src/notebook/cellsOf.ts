import type { NotebookPanel } from '@jupyterlab/notebook';

/**
 * The sources of a notebook's code cells, by their number from 1 on.
 */
export function sources(panel: NotebookPanel): [number, string][] {
  const cells = panel.content.model?.cells;
  const found: [number, string][] = [];
  for (let index = 0; index < (cells?.length ?? 0); index += 1) {
    const cell = cells!.get(index);
    if (cell.type === 'code') {
      found.push([index + 1, cell.sharedModel.getSource()]);
    }
  }
  return found;
}

/**
 * The numbers of the cells that use a name.
 */
export function cellsUsing(panel: NotebookPanel, name: string): number[] {
  const letter = '[\\p{L}\\p{N}_]';
  const used = new RegExp(`(?<!${letter}|\\.)${name}(?!${letter})`, 'u');
  return sources(panel)
    .filter(([, source]) => used.test(source))
    .map(([number]) => number);
}

/**
 * The DIDs that code cells name: references, and what is given to `did()`.
 */
export function didsIn(panel: NotebookPanel): string[] {
  const named =
    /["'](rucio:\/\/[^\s"'{}*]+\/[^\s"'{}*]+)|\bdid\(\s*["']([^\s"'{}*]+:[^\s"'{}*]+)["']/g;
  const found: string[] = [];
  for (const [, source] of sources(panel)) {
    for (let match = named.exec(source); match; match = named.exec(source)) {
      found.push(match[1] ?? match[2]);
    }
  }
  return [...new Set(found)];
}

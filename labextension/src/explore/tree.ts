import type { Entry, Problem } from '../schema';

/**
 * The siblings of a row, as far as they are known.
 */
export interface IGroup {
  parent: IEntryRow | null;
  size: number;
  isComplete: boolean;
}

/**
 * A DID in the tree.
 */
export interface IEntryRow {
  kind: 'entry';
  key: string;
  entry: Entry;
  level: number;
  position: number;
  group: IGroup;
  fold: 'leaf' | 'closed' | 'asking' | 'open';
}

/**
 * A line that stands for what is not listed: nothing, more, or a problem.
 */
export interface INoteRow {
  kind: 'note';
  key: string;
  level: number;
  group: IGroup;
  note: 'asking' | 'empty' | 'more' | 'problem';
  problem: Problem | null;
}

export type Row = IEntryRow | INoteRow;

/**
 * A tree of DIDs as the flat list of its open rows, for a view that draws only those in sight.
 */
export class Tree {
  get rows(): readonly Row[] {
    return this._rows;
  }

  /**
   * How many rows the search itself found.
   */
  get found(): number {
    return this._root.size;
  }

  /**
   * Add what a search found.
   */
  append(entries: Entry[]): void {
    for (const entry of entries) {
      this._rows.push(row(entry, this._root));
    }
  }

  /**
   * The search has no more; `isTruncated` means that the server has.
   */
  finish(isTruncated: boolean): void {
    this._root.isComplete = !isTruncated;
    if (isTruncated) {
      this._rows.push(note(this._root, 'more'));
    }
  }

  /**
   * The answer broke off after some rows.
   */
  fail(problem: Problem): void {
    this._rows.push(note(this._root, 'problem', problem));
  }

  indexOf(row: Row): number {
    return this._rows.indexOf(row);
  }

  parentIndex(index: number): number {
    const parent = this._rows[index]?.group.parent;
    return parent ? this.indexOf(parent) : -1;
  }

  /**
   * Begin to open a row; the answer is the branch to fill, or null when it opened at once.
   */
  open(parent: IEntryRow): IBranch | null {
    const kept = this._kept.get(parent.key);
    if (kept) {
      this._kept.delete(parent.key);
      parent.fold = 'open';
      this._insert(this.indexOf(parent) + 1, kept);
      return null;
    }
    parent.fold = 'asking';
    return this._branch(parent, { parent, size: 0, isComplete: false });
  }

  /**
   * Go on with a branch that was not listed to its end.
   */
  more(last: INoteRow): IBranch | null {
    const { group } = last;
    const index = this.indexOf(last);
    if (!group.parent || index < 0) {
      return null;
    }
    this._rows.splice(index, 1);
    return this._branch(group.parent, group);
  }

  /**
   * Close a row; what it held is kept for the next time, unless it had not arrived yet.
   */
  close(parent: IEntryRow): void {
    const index = this.indexOf(parent);
    if (index < 0) {
      return;
    }
    const removed = this._rows.splice(index + 1, this._end(index) - index - 1);
    const isWhole = !removed.some(
      row => row.kind === 'note' && row.note === 'asking'
    );
    if (parent.fold === 'open' && isWhole) {
      this._kept.set(parent.key, removed);
    }
    parent.fold = 'closed';
  }

  private _branch(parent: IEntryRow, group: IGroup): IBranch {
    const waiting = note(group, 'asking');
    this._insert(this._end(this.indexOf(parent)), [waiting]);
    // Once its parent was closed, what still arrives belongs nowhere.
    const replace = (rows: Row[]): boolean => {
      const index = this.indexOf(waiting);
      if (index >= 0) {
        this._rows.splice(index, 1);
        this._insert(index, rows);
      }
      return index >= 0;
    };
    return {
      offset: group.size,
      append: entries => {
        replace([...entries.map(entry => row(entry, group)), waiting]);
      },
      finish: isTruncated => {
        const last = isTruncated ? 'more' : group.size ? null : 'empty';
        if (replace(last ? [note(group, last)] : [])) {
          parent.fold = 'open';
          group.isComplete = !isTruncated;
        }
      },
      fail: problem => {
        if (replace([note(group, 'problem', problem)])) {
          parent.fold = 'open';
        }
      }
    };
  }

  /**
   * Where the rows below a row end.
   */
  private _end(index: number): number {
    const { level } = this._rows[index];
    let end = index + 1;
    while (end < this._rows.length && this._rows[end].level > level) {
      end += 1;
    }
    return end;
  }

  private _insert(index: number, rows: Row[]): void {
    // Not splice(...rows): an argument list has a limit that a dataset has not.
    const rest = this._rows.splice(index);
    this._rows = this._rows.concat(rows, rest);
  }

  private _rows: Row[] = [];
  private _root: IGroup = { parent: null, size: 0, isComplete: false };
  private _kept = new Map<string, Row[]>();
}

/**
 * The contents of one row while they arrive.
 */
export interface IBranch {
  offset: number;
  append(entries: Entry[]): void;
  finish(isTruncated: boolean): void;
  fail(problem: Problem): void;
}

function row(entry: Entry, group: IGroup): IEntryRow {
  group.size += 1;
  return {
    kind: 'entry',
    // A DID may stand under several parents.
    key: `${group.parent?.key ?? ''}\n${entry.did}`,
    entry,
    level: (group.parent?.level ?? 0) + 1,
    position: group.size,
    group,
    fold: entry.type === 'file' ? 'leaf' : 'closed'
  };
}

function note(
  group: IGroup,
  kind: INoteRow['note'],
  problem: Problem | null = null
): INoteRow {
  return {
    kind: 'note',
    key: `${group.parent?.key ?? ''}\n\n${kind}`,
    level: (group.parent?.level ?? 0) + 1,
    group,
    note: kind,
    problem
  };
}

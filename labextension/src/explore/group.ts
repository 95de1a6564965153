import type { Problem } from '../schema';
import type { IFound } from './entries';
import { Entries } from './entries';

/**
 * A line that stands for what is not listed: what is on its way, nothing, more, or a problem.
 */
export type Note = 'asking' | 'empty' | 'more' | 'problem';

/**
 * Where a row stands: the note of a group is behind its last entry.
 */
export interface IPlace {
  kind?: 'entry' | 'note';
  group: Group;
  position: number;
}

/**
 * A DID in the tree.
 */
export interface IEntryRow extends IPlace {
  kind: 'entry';
  entry: IFound;
  fold: 'leaf' | 'closed' | 'asking' | 'open';
}

/**
 * A note in the tree.
 */
export interface INoteRow extends IPlace {
  kind: 'note';
  note: Note;
}

export type Row = IEntryRow | INoteRow;

/**
 * What one row holds, or what a search found: entries, a note behind them, and the groups of those entries that are open.
 *
 * Rows have no place of their own in memory. How many there are before a row follows from the heights of the open groups,
 * which are added up when they are next wanted.
 */
export class Group {
  constructor(
    public parent: Group | null = null,
    readonly position = -1,
    readonly of: IFound | null = null
  ) {
    this.level = (parent?.level ?? 0) + 1;
    this.key = parent ? `${parent.key}/${position}` : '';
  }

  readonly level: number;
  readonly key: string;
  readonly entries = new Entries();

  /**
   * Gives up what is asked for.
   */
  aborter = new AbortController();

  /**
   * Whether all of it is wanted, however many pages that takes.
   */
  isAll = false;

  get size(): number {
    return this.entries.length;
  }

  get note(): Note | null {
    return this._note;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get isOpen(): boolean {
    return this._isOpen;
  }

  /**
   * How many entries it has; null while nobody can know.
   */
  get total(): number | null {
    if (this._note === null || this._note === 'empty') {
      return this.size;
    }
    const files = this.of?.type === 'dataset' ? this.of.files : null;
    return files !== null && files >= this.size ? files : null;
  }

  /**
   * How many rows it has, those of open groups in it as well.
   */
  get height(): number {
    return this._layout().height;
  }

  append(entries: readonly IFound[]): void {
    this.entries.append(entries);
    this._touch();
  }

  /**
   * Say what stands behind the entries.
   */
  setNote(note: Note | null, problem: Problem | null = null): void {
    this._note = note;
    this._problem = problem;
    this._touch();
  }

  /**
   * All that was asked for has come; `isTruncated` means that the server has more.
   */
  finish(isTruncated: boolean): void {
    this.setNote(isTruncated ? 'more' : this.size ? null : 'empty');
  }

  /**
   * The group of an entry, open or closed since.
   */
  branch(position: number): Group | undefined {
    return this._branches.get(position);
  }

  /**
   * Open an entry; the answer is its group, asking where it has to be filled.
   */
  open(position: number): Group {
    let group = this._branches.get(position);
    if (!group) {
      group = new Group(this, position, this.entries.at(position));
      this._branches.set(position, group);
    }
    group._isOpen = true;
    this._touch();
    return group;
  }

  /**
   * Close it; what it holds is kept for the next time, and what has not arrived yet is given up.
   */
  close(): void {
    this._isOpen = false;
    this.isAll = false;
    if (this._note === 'asking') {
      this.stop();
    }
    if (!this.size && this._note !== 'empty') {
      this.parent?._branches.delete(this.position);
    }
    this.parent?._touch();
  }

  /**
   * Take over the groups of the same entries, as when a search is made again for more.
   */
  adopt(other: Group): void {
    for (const [position, group] of other._branches) {
      const isSame =
        position < this.size && this.entries.at(position).did === group.of!.did;
      if (isSame) {
        group.parent = this;
        this._branches.set(position, group);
      }
    }
    this._touch();
  }

  /**
   * Give up what is asked for; it can be asked for again.
   */
  stop(): void {
    this.aborter.abort();
    if (this._note === 'asking') {
      this.setNote('more');
    }
  }

  /**
   * The row at an index among the rows of this group.
   */
  row(index: number): Row {
    const { open, starts } = this._layout();
    const found = last(starts, index);
    const inner = open[found];
    if (inner && index < starts[found] + inner.height) {
      return inner.row(index - starts[found]);
    }
    const position = inner
      ? inner.position + 1 + index - starts[found] - inner.height
      : index;
    return this._row(position);
  }

  /**
   * The index of a position among the rows of this group.
   */
  indexOf(position: number): number {
    const { open, starts } = this._layout();
    const before = last(
      open.map(group => group.position),
      position - 1
    );
    const inner = open[before];
    return inner
      ? starts[before] + inner.height + position - inner.position - 1
      : position;
  }

  private _row(position: number): Row {
    if (position >= this.size) {
      return { kind: 'note', group: this, position, note: this._note! };
    }
    const entry = this.entries.at(position);
    const inner = this._branches.get(position);
    const isOpening = inner?._note === 'asking' && inner.size === 0;
    const fold =
      entry.type === 'file'
        ? 'leaf'
        : !inner?._isOpen
          ? 'closed'
          : isOpening
            ? 'asking'
            : 'open';
    return { kind: 'entry', group: this, position, entry, fold };
  }

  private _layout(): ILayout {
    if (!this._known) {
      const open = [...this._branches.values()]
        .filter(group => group._isOpen)
        .sort((a, b) => a.position - b.position);
      let inner = 0;
      const starts = open.map(group => {
        const start = group.position + 1 + inner;
        inner += group.height;
        return start;
      });
      const height = this.size + (this._note ? 1 : 0) + inner;
      this._known = { open, starts, height };
    }
    return this._known;
  }

  /**
   * Forget the layout, here and in what this is part of; where that was forgotten before, so was the rest.
   */
  private _touch(): void {
    if (this._known) {
      this._known = null;
      if (this._isOpen) {
        this.parent?._touch();
      }
    }
  }

  private _branches = new Map<number, Group>();
  private _isOpen = false;
  private _note: Note | null = 'asking';
  private _problem: Problem | null = null;
  private _known: ILayout | null = null;
}

/**
 * The open groups in a group, the rows at which they begin, and how many rows there are in all.
 */
interface ILayout {
  open: Group[];
  starts: number[];
  height: number;
}

/**
 * The last index whose number is at most `most`, in numbers that ascend; -1 where there is none.
 */
function last(numbers: readonly number[], most: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= most) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

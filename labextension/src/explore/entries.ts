import type { Entry } from '../schema';

/**
 * A DID in the tree, or a scope before anything is searched for; its `did` is then `scope:`.
 */
export interface IFound extends Pick<Entry, 'did' | 'bytes' | 'files'> {
  type: Entry['type'] | 'scope';
}

const BLOCK = 1024;
const KEPT = 4;
const TYPES: { [letter: string]: IFound['type'] } = {
  c: 'container',
  d: 'dataset',
  f: 'file',
  s: 'scope'
};

/**
 * Full blocks of rows as one text and their figures: a tenth of what as many objects take.
 */
interface IBlock {
  text: string;
  figures: Float64Array;
}

/**
 * A list of up to millions of entries, which makes objects only of those that are looked at.
 */
export class Entries {
  get length(): number {
    return this._blocks.length * BLOCK + this._last.length;
  }

  append(entries: readonly IFound[]): void {
    for (const entry of entries) {
      this._last.push(entry);
      if (this._last.length === BLOCK) {
        this._blocks.push(pack(this._last));
        this._last = [];
      }
    }
  }

  at(index: number): IFound {
    const number = Math.floor(index / BLOCK);
    const block = this._blocks[number];
    if (!block) {
      return this._last[index % BLOCK];
    }
    let entries = this._unpacked.get(number);
    if (!entries) {
      if (this._unpacked.size >= KEPT) {
        this._unpacked.delete(this._unpacked.keys().next().value!);
      }
      entries = unpack(block);
      this._unpacked.set(number, entries);
    }
    return entries[index % BLOCK];
  }

  private _blocks: IBlock[] = [];
  private _last: IFound[] = [];
  private _unpacked = new Map<number, IFound[]>();
}

function pack(entries: IFound[]): IBlock {
  const figures = new Float64Array(entries.length * 2);
  entries.forEach(({ bytes, files }, index) => {
    figures[2 * index] = bytes ?? NaN;
    figures[2 * index + 1] = files ?? NaN;
  });
  const lines = entries.map(({ did, type }) => type[0] + did);
  return { text: lines.join('\0'), figures };
}

function unpack({ figures, text }: IBlock): IFound[] {
  const known = (figure: number) => (isNaN(figure) ? null : figure);
  return text.split('\0').map((line, index) => ({
    did: line.slice(1),
    type: TYPES[line[0]],
    bytes: known(figures[2 * index]),
    files: known(figures[2 * index + 1])
  }));
}

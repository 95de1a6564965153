import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Group, IPlace } from './group';
import { Tree } from './tree';

/**
 * How many rows of a collection's contents are asked for at first.
 */
export const PAGE = 1000;

/**
 * A tree whose rows are asked for when they are opened, until it is given up.
 */
export class Listing {
  constructor(
    protected readonly lake: LakeModel,
    readonly instance: string,
    protected readonly changed: () => void
  ) {}

  readonly tree = new Tree();

  get isStopped(): boolean {
    return this.aborter.signal.aborted;
  }

  /**
   * Give up whatever is still asked for, also in the branches.
   */
  stop(): void {
    this.aborter.abort();
    this._asking.forEach(group => group.stop());
  }

  /**
   * Open a row, and ask for what it holds where that is not known.
   */
  async open({ group, position }: IPlace): Promise<void> {
    const inner = group.open(position);
    this.changed();
    if (inner.note === 'asking' && !this._asking.has(inner)) {
      await this.more(inner);
    }
  }

  /**
   * Ask for the next page of a row, four times what there is, and for all the rest where that is wanted.
   */
  async more(group: Group): Promise<void> {
    do {
      const page = group.isAll ? api.MOST_ROWS : Math.max(4 * group.size, PAGE);
      await this.fill(group, Math.min(page, api.MOST_ROWS));
    } while (group.isAll && group.note === 'more');
  }

  protected async fill(group: Group, limit: number): Promise<void> {
    const aborter = (group.aborter = new AbortController());
    this._asking.add(group);
    group.setNote('asking');
    this.changed();
    try {
      const isTruncated = await this.drain(
        this.contents(group, limit, aborter.signal),
        group,
        aborter.signal
      );
      group.finish(isTruncated);
    } catch (error) {
      if (!aborter.signal.aborted) {
        group.setNote('problem', problemOf(error));
        this.lookAtLogin(error);
      }
    } finally {
      // Closed and opened again, it may be asked for anew by now.
      if (group.aborter === aborter) {
        this._asking.delete(group);
      }
    }
    this.changed();
  }

  /**
   * Take rows as they come, until there are no more or nobody wants them; the answer is whether the server has more.
   */
  protected async drain(
    rows: api.Rows,
    into: Group,
    signal: AbortSignal
  ): Promise<boolean> {
    for (;;) {
      const { done, value } = await rows.next();
      signal.throwIfAborted();
      if (done) {
        return value;
      }
      into.append(value);
      this.changed();
      // What is there already would come without a pause, and nothing be drawn meanwhile.
      await new Promise(resolve => setTimeout(resolve));
      signal.throwIfAborted();
    }
  }

  protected contents(
    { of, size }: Group,
    limit: number,
    signal: AbortSignal
  ): api.Rows {
    const { settings } = this.lake;
    const contents = { did: of!.did, limit, offset: size };
    return api.listContents(settings, this.instance, contents, signal);
  }

  protected lookAtLogin(error: unknown): void {
    void this.lake.guard(Promise.reject(error)).catch(() => undefined);
  }

  protected readonly aborter = new AbortController();
  private readonly _asking = new Set<Group>();
}

/**
 * The scopes of the lake as folders, before anything is searched for.
 */
export class Scopes extends Listing {
  async run(): Promise<void> {
    const { root } = this.tree;
    try {
      const scopes = await api.listScopes(
        this.lake.settings,
        this.instance,
        true
      );
      root.append(
        scopes.map(scope => ({
          did: `${scope}:`,
          type: 'scope' as const,
          bytes: null,
          files: null
        }))
      );
      root.setNote(null);
    } catch (error) {
      root.setNote('problem', problemOf(error));
      this.lookAtLogin(error);
    }
    this.changed();
  }

  protected contents(
    group: Group,
    limit: number,
    signal: AbortSignal
  ): api.Rows {
    return group.of!.type === 'scope'
      ? this._collections(group.of!.did, limit, signal)
      : super.contents(group, limit, signal);
  }

  /**
   * What is filed in a scope: collections, or its files where it has no collection.
   */
  private async *_collections(
    scope: string,
    limit: number,
    signal: AbortSignal
  ): api.Rows {
    let isTruncated = false;
    for (const type of ['collection', 'file'] as const) {
      const wanted = { pattern: `${scope}*`, type, limit };
      const { settings } = this.lake;
      const rows = api.searchDIDs(settings, this.instance, wanted, signal);
      let count = 0;
      for (;;) {
        const { done, value } = await rows.next();
        if (done) {
          isTruncated = value;
          break;
        }
        count += value.length;
        yield value;
      }
      if (count) {
        break;
      }
    }
    return isTruncated;
  }
}

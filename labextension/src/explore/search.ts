import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Problem } from '../schema';
import type { IBranch } from './tree';
import { Tree } from './tree';

/**
 * How many rows of a collection's contents are asked for at once.
 */
export const PAGE = 1000;

/**
 * One search: what it is for, how far it is, and the tree that it fills until it is given up.
 */
export class Search {
  constructor(
    private readonly lake: LakeModel,
    readonly wanted: api.ISearch,
    private readonly changed: () => void
  ) {}

  readonly tree = new Tree();

  get phase(): 'asking' | 'done' | 'problem' {
    return this._phase;
  }

  /**
   * Why there is nothing to show.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  get isStopped(): boolean {
    return this._aborter.signal.aborted;
  }

  /**
   * Give up whatever is still asked for, also in the branches.
   */
  stop(): void {
    this._aborter.abort();
  }

  /**
   * Ask for what is wanted; the answer is the problem that ended it, if there was one.
   */
  async run(instance: string): Promise<Problem | null> {
    const { signal } = this._aborter;
    let problem: Problem | null = null;
    try {
      const { settings } = this.lake;
      const rows = api.searchDIDs(settings, instance, this.wanted, signal);
      await this._drain(rows, this.tree);
      this._phase = 'done';
    } catch (error) {
      if (this.isStopped) {
        return null;
      }
      problem = problemOf(error);
      this._fail(problem);
      this._lookAtLogin(error);
    }
    this.changed();
    return problem;
  }

  /**
   * Ask for the contents of a row.
   */
  async fill(instance: string, did: string, branch: IBranch): Promise<void> {
    const { signal } = this._aborter;
    const contents = { did, limit: PAGE, offset: branch.offset };
    try {
      const { settings } = this.lake;
      const rows = api.listContents(settings, instance, contents, signal);
      await this._drain(rows, branch);
    } catch (error) {
      if (this.isStopped) {
        return;
      }
      branch.fail(problemOf(error));
      this._lookAtLogin(error);
    }
    this.changed();
  }

  /**
   * Take rows as they come, until there are no more or nobody wants them.
   */
  private async _drain(
    rows: api.Rows,
    into: Pick<IBranch, 'append' | 'finish'>
  ): Promise<void> {
    for (;;) {
      const { done, value } = await rows.next();
      this._aborter.signal.throwIfAborted();
      if (done) {
        into.finish(value);
        return;
      }
      into.append(value);
      this.changed();
    }
  }

  private _fail(problem: Problem): void {
    if (this.tree.found) {
      this.tree.fail(problem);
      this._phase = 'done';
    } else {
      this._problem = problem;
      this._phase = 'problem';
    }
  }

  private _lookAtLogin(error: unknown): void {
    void this.lake.guard(Promise.reject(error)).catch(() => undefined);
  }

  private _aborter = new AbortController();
  private _phase: 'asking' | 'done' | 'problem' = 'asking';
  private _problem: Problem | null = null;
}

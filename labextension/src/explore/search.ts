import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Entry, Problem } from '../schema';
import { Listing } from './listing';
import type { ITyped } from './typed';

const AT_ONCE = 5;

/**
 * What is searched for: one pattern, or a list of them, each looked up.
 */
export interface IWanted extends Omit<api.ISearch, 'pattern'> {
  all: readonly ITyped[];
}

/**
 * What of a list was not found; without a problem it is not there, or it is in another lake.
 */
export interface IMissing extends ITyped {
  problem: Problem | null;
}

/**
 * One search: what it is for, how far it is, and the tree that it fills until it is given up.
 */
export class Search extends Listing {
  constructor(
    lake: LakeModel,
    instance: string,
    readonly wanted: IWanted,
    changed: () => void
  ) {
    super(lake, instance, changed);
    this.pattern = wanted.all.map(each => each.pattern).join(' ');
    this.tree.root.setNote(null);
  }

  /**
   * All that is looked for, in one line.
   */
  readonly pattern: string;

  readonly missing: IMissing[] = [];

  /**
   * How many of a list have been looked up.
   */
  get lookedUp(): number {
    return this._lookedUp;
  }

  get phase(): 'asking' | 'done' | 'problem' {
    return this._phase;
  }

  /**
   * Why there is nothing to show.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * Ask for what is wanted; the answer is the problem that ended it, if there was one.
   */
  async run(): Promise<Problem | null> {
    const { root } = this.tree;
    const { all } = this.wanted;
    let problem: Problem | null = null;
    try {
      const isTruncated = await (all.length > 1
        ? this._lookUp()
        : this.drain(this._rows(all[0]), root, this.aborter.signal));
      root.setNote(isTruncated ? 'more' : null);
      this._phase = 'done';
    } catch (error) {
      if (this.isStopped) {
        return null;
      }
      problem = problemOf(error);
      this._fail(problem);
      this.lookAtLogin(error);
    }
    this.changed();
    return problem;
  }

  /**
   * Look up each of a list, a few at once, in its order.
   */
  private async _lookUp(): Promise<boolean> {
    const { all } = this.wanted;
    let isTruncated = false;
    for (let start = 0; start < all.length; start += AT_ONCE) {
      const asked = all.slice(start, start + AT_ONCE);
      const answers = await Promise.all(asked.map(typed => this._one(typed)));
      this.aborter.signal.throwIfAborted();
      answers.forEach(({ entries, isMore, problem }, index) => {
        isTruncated = isTruncated || isMore;
        this.tree.root.append(entries);
        if (!entries.length) {
          this.missing.push({ ...asked[index], problem });
        }
      });
      this._lookedUp += asked.length;
      this.changed();
    }
    return isTruncated;
  }

  private async _one(typed: ITyped): Promise<IAnswer> {
    const entries: Entry[] = [];
    const answer = { entries, isMore: false, problem: null };
    if (typed.instance && typed.instance !== this.instance) {
      return answer;
    }
    const rows = this._rows(typed);
    try {
      for (;;) {
        const { done, value } = await rows.next();
        if (done) {
          return { ...answer, isMore: value };
        }
        entries.push(...value);
      }
    } catch (error) {
      const problem = problemOf(error);
      // One name that cannot be looked up says nothing of the others; a lake that is down does.
      if (this.isStopped || problem.blame !== 'you') {
        throw error;
      }
      return { ...answer, problem };
    }
  }

  private _rows({ pattern }: ITyped): api.Rows {
    const { type, limit, where } = this.wanted;
    const search = { pattern, type, limit, ...(where ? { where } : {}) };
    const { signal } = this.aborter;
    return api.searchDIDs(this.lake.settings, this.instance, search, signal);
  }

  private _fail(problem: Problem): void {
    if (this.tree.found) {
      this.tree.root.setNote('problem', problem);
      this._phase = 'done';
    } else {
      this._problem = problem;
      this._phase = 'problem';
    }
  }

  private _phase: 'asking' | 'done' | 'problem' = 'asking';
  private _problem: Problem | null = null;
  private _lookedUp = 0;
}

interface IAnswer {
  entries: Entry[];
  isMore: boolean;
  problem: Problem | null;
}

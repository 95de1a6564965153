import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Problem } from '../schema';
import { Listing } from './listing';
import type { ITyped } from './typed';

/**
 * What is searched for: one pattern, or a list of them, each looked up.
 */
export interface IWanted extends Omit<api.ISearch, 'pattern'> {
  all: readonly ITyped[];
}

/**
 * What of a list was not found; without a problem it is in another lake.
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
      const isTruncated = await this.drain(
        all.length > 1 ? this._lookUp() : this._rows(all[0]),
        root,
        this.aborter.signal
      );
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
   * Look up each of a list in its order, many in one question.
   */
  private async *_lookUp(): api.Rows {
    const { all, ...how } = this.wanted;
    const { settings } = this.lake;
    const isHere = ({ instance }: ITyped) =>
      !instance || instance === this.instance;
    const here = all.filter(isHere).map(({ pattern }) => pattern);
    // Those of other lakes are told in their place.
    const passOthers = () => {
      while (this._lookedUp < all.length && !isHere(all[this._lookedUp])) {
        this._miss(null);
      }
    };
    let isTruncated = false;
    passOthers();
    for (let start = 0; start < here.length; start += api.MOST_NAMES) {
      const names = here.slice(start, start + api.MOST_NAMES);
      const request = { names, ...how };
      const { signal } = this.aborter;
      const answer = api.lookUp(settings, this.instance, request, signal);
      for await (const batch of answer) {
        for (const { done, missing, truncated } of batch) {
          isTruncated ||= truncated;
          if (missing) {
            this._miss(missing);
          } else if (done) {
            this._lookedUp += 1;
          }
          passOthers();
        }
        yield batch.flatMap(({ entries }) => entries);
      }
    }
    return isTruncated;
  }

  private _miss(problem: Problem | null): void {
    this.missing.push({ ...this.wanted.all[this._lookedUp], problem });
    this._lookedUp += 1;
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

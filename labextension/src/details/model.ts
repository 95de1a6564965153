import type { IDisposable } from '@lumino/disposable';

import type { IItem } from '../did';
import type { LakeModel } from '../lake/model';
import type { IKnown, Statuses } from '../lake/statuses';
import { EndModel } from './endModel';
import { Model } from '../model';
import { problemOf } from '../problems';
import type { Settings } from '../request';
import * as api from '../restapi';
import type { Metadata, Problem, Rule } from '../schema';

/**
 * All about the selected DID.
 */
export class DetailsModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
    lake.stateChanged.connect(this._onLake, this);
    lake.statuses.changed.connect(this._onStatus, this);
  }

  get item(): IItem | null {
    return this._item;
  }

  /**
   * What is known of its availability.
   */
  get known(): IKnown | null {
    const { _item: item } = this;
    return item && this.lake.statuses.get(item.instance, item.did);
  }

  get metadata(): Metadata | null {
    return this._metadata;
  }

  /**
   * All rules of the DID, also those that keep it elsewhere.
   */
  get rules(): readonly Rule[] | null {
    return this._rules;
  }

  /**
   * Why metadata or rules could not be had.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * Whether a rule is one's own: only those can one change.
   */
  isOwn(rule: Rule): boolean {
    const { _item: item } = this;
    const instance = this.lake.instances.find(
      ({ name }) => name === item?.instance
    );
    return rule.account === instance?.login.account;
  }

  isChanging(rule: Rule): boolean {
    return this._changing.has(rule.id);
  }

  /**
   * The form that changes the end of a rule.
   */
  prolonging(rule: Rule): EndModel {
    return new EndModel(this.lake, this._item!.instance, rule);
  }

  /**
   * Have Rucio try a stuck rule again.
   */
  retryRule(rule: Rule): Promise<void> {
    return this._change(rule, (settings, instance) =>
      api.updateRule(settings, instance, rule.id, { boost: true })
    );
  }

  /**
   * Give a rule up: an hour later Rucio may delete what no other rule keeps.
   */
  releaseRule(rule: Rule): Promise<void> {
    return this._change(rule, (settings, instance) =>
      api.deleteRule(settings, instance, rule.id)
    );
  }

  close(): void {
    this.lake.selected = null;
  }

  /**
   * Ask for everything once more.
   */
  async refresh(): Promise<void> {
    const { _item: item } = this;
    if (item) {
      void this.lake.statuses.ask(item.instance, item.did);
      await this._load(item);
    }
  }

  dispose(): void {
    this._look?.dispose();
    this._aborter.abort();
    this._rulesAborter.abort();
    super.dispose();
  }

  protected onActive(active: boolean): void {
    this._look?.dispose();
    this._look = null;
    if (active && this._item) {
      this._look = this.lake.statuses.look(this._item.instance, this._item.did);
    }
  }

  private _onLake(): void {
    const { selected } = this.lake;
    if (
      selected?.did === this._item?.did &&
      selected?.instance === this._item?.instance
    ) {
      return;
    }
    this._item = selected;
    this._metadata = null;
    this._rules = null;
    this._problem = null;
    this._seen = '';
    this.onActive(this.isActive);
    this.changed();
    if (selected) {
      void this._load(selected);
    }
  }

  /**
   * Rules change together with the status: ask for them when it did.
   */
  private _onStatus(_: Statuses, known: IKnown): void {
    const { _item: item } = this;
    if (!item || known.did !== item.did || known.instance !== item.instance) {
      return;
    }
    const seen = JSON.stringify(known.status);
    if (!known.isAsking && !known.problem && this._problem) {
      // What stood in the way is gone.
      void this._load(item);
    } else if (!known.isAsking && this._seen && seen !== this._seen) {
      void this._loadRules(item);
    }
    if (!known.isAsking) {
      this._seen = seen;
    }
    this.changed();
  }

  private async _load(item: IItem): Promise<void> {
    this._aborter.abort();
    this._aborter = new AbortController();
    const { signal } = this._aborter;
    this._problem = null;
    await Promise.all([
      this._loadRules(item),
      this._take(
        api.getMetadata(this.lake.settings, item.instance, item.did, signal),
        signal,
        metadata => {
          this._metadata = metadata;
        }
      )
    ]);
  }

  private _loadRules(item: IItem): Promise<void> {
    this._rulesAborter.abort();
    this._rulesAborter = new AbortController();
    const { signal } = this._rulesAborter;
    return this._take(
      api.listRules(this.lake.settings, item.instance, item.did, signal),
      signal,
      rules => {
        this._rules = rules;
      }
    );
  }

  private async _change(
    rule: Rule,
    act: (settings: Settings, instance: string) => Promise<Rule>
  ): Promise<void> {
    const { _item: item } = this;
    if (!item || this._changing.has(rule.id)) {
      return;
    }
    this._changing.add(rule.id);
    this._problem = null;
    this.changed();
    let problem: Problem | null = null;
    try {
      await this.lake.guard(act(this.lake.settings, item.instance));
    } catch (error) {
      problem = problemOf(error);
    }
    this._changing.delete(rule.id);
    if (item === this._item) {
      void this.lake.statuses.ask(item.instance, item.did);
      await this._loadRules(item);
      this._problem = problem ?? this._problem;
    }
    this.changed();
  }

  private async _take<T>(
    answer: Promise<T>,
    signal: AbortSignal,
    set: (value: T) => void
  ): Promise<void> {
    try {
      const value = await this.lake.guard(answer);
      if (!signal.aborted) {
        set(value);
      }
    } catch (error) {
      if (!signal.aborted) {
        this._problem = problemOf(error);
      }
    }
    if (!signal.aborted) {
      this.changed();
    }
  }

  private _item: IItem | null = null;
  private _metadata: Metadata | null = null;
  private _rules: Rule[] | null = null;
  private _problem: Problem | null = null;
  private _look: IDisposable | null = null;
  private _changing = new Set<string>();
  private _aborter = new AbortController();
  private _rulesAborter = new AbortController();
  private _seen = '';
}

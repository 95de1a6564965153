import type { IDisposable } from '@lumino/disposable';

import type { IItem } from '../did';
import { referenceURL } from '../did';
import type { LakeModel } from '../lake/model';
import type { IKnown, Statuses } from '../lake/statuses';
import { EndModel } from './endModel';
import { MetadataModel } from './metadataModel';
import { MoveModel } from './moveModel';
import { Model } from '../model';
import { problemOf } from '../problems';
import type { Settings } from '../request';
import * as api from '../restapi';
import type {
  Copies,
  Entry,
  Explanation,
  InstanceInfo,
  Metadata,
  Problem,
  Rule
} from '../schema';

interface IAnswers {
  metadata: Metadata;
  rules: Rule[];
  copies: Copies[];
  parents: Entry[];
}

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

  get instance(): InstanceInfo | null {
    return (
      this.lake.instances.find(({ name }) => name === this._item?.instance) ??
      null
    );
  }

  /**
   * What opens the DID anywhere.
   */
  get reference(): string | null {
    const { _item: item } = this;
    return (
      item && referenceURL(item.did, this.lake.recordedInstance(item.instance))
    );
  }

  /**
   * When the rest will have come, as far as one can tell.
   */
  get arrives(): Date | null {
    const { _item: item } = this;
    return item && this.lake.pace.end(item.instance, item.did);
  }

  get metadata(): Metadata | null {
    return this._answers.metadata ?? null;
  }

  /**
   * The copies of the DID, by RSE.
   */
  get copies(): readonly Copies[] | null {
    return this._answers.copies ?? null;
  }

  /**
   * What holds the DID.
   */
  get parents(): readonly Entry[] | null {
    return this._answers.parents ?? null;
  }

  /**
   * All rules of the DID, also those that keep it elsewhere.
   */
  get rules(): readonly Rule[] | null {
    return this._answers.rules ?? null;
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
    return rule.account === this.instance?.login.account;
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
   * The form that has what a rule keeps put elsewhere.
   */
  moving(rule: Rule): MoveModel {
    return new MoveModel(this.lake, this._item!.instance, rule);
  }

  /**
   * The form that changes the metadata.
   */
  describing(metadata: Metadata): MetadataModel {
    return new MetadataModel(this.lake, this._item!.instance, metadata);
  }

  /**
   * Why a rule is as it is, once it was asked.
   */
  explanation(rule: Rule): Explanation | Problem | null {
    return this._explanations.get(rule.id) ?? null;
  }

  /**
   * Ask why a rule is as it is.
   */
  async explain(rule: Rule): Promise<void> {
    const { _explanations: all, _item: item } = this;
    if (!item) {
      return;
    }
    const { settings } = this.lake;
    try {
      const answer = api.explainRule(settings, item.instance, rule.id);
      all.set(rule.id, await this.lake.guard(answer));
    } catch (error) {
      all.set(rule.id, problemOf(error));
    }
    this.changed();
  }

  /**
   * The local paths of what is here of it; none where they cannot be had, which is a problem.
   */
  async listPaths(): Promise<string[]> {
    const { did, instance } = this._item!;
    try {
      const { settings } = this.lake;
      return await this.lake.guard(api.listPaths(settings, instance, did));
    } catch (error) {
      this._problem = problemOf(error);
      this.changed();
      return [];
    }
  }

  /**
   * Show another DID of the same instance.
   */
  select({ did, type }: Entry): void {
    this.lake.selected = { instance: this._item!.instance, did, type };
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
    this._changingAborter.abort();
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
    this._answers = {};
    this._explanations.clear();
    this._problem = null;
    this._seen = '';
    this.onActive(this.isActive);
    this.changed();
    if (selected) {
      void this._load(selected);
    }
  }

  /**
   * Rules and copies change together with the status: ask for them when it did.
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
      void this._loadChanging(item);
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
    const { settings } = this.lake;
    const { did, instance } = item;
    await Promise.all([
      this._loadChanging(item),
      this._take(
        'metadata',
        api.getMetadata(settings, instance, did, signal),
        signal
      ),
      this._take(
        'parents',
        api.listParents(settings, instance, did, signal),
        signal
      )
    ]);
  }

  private async _loadChanging(item: IItem): Promise<void> {
    this._changingAborter.abort();
    this._changingAborter = new AbortController();
    const { signal } = this._changingAborter;
    const { settings } = this.lake;
    const { did, instance } = item;
    await Promise.all([
      this._take(
        'rules',
        api.listRules(settings, instance, did, signal),
        signal
      ),
      this._take(
        'copies',
        api.listCopies(settings, instance, did, signal),
        signal
      )
    ]);
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
      await this._loadChanging(item);
      this._problem = problem ?? this._problem;
    }
    this.changed();
  }

  private async _take<Key extends keyof IAnswers>(
    key: Key,
    answer: Promise<IAnswers[Key]>,
    signal: AbortSignal
  ): Promise<void> {
    let problem: Problem | null = null;
    let value: IAnswers[Key] | undefined;
    try {
      value = await this.lake.guard(answer);
    } catch (error) {
      problem = problemOf(error);
    }
    if (signal.aborted) {
      return;
    }
    if (problem) {
      this._problem = problem;
    } else {
      this._answers[key] = value;
    }
    if (key === 'rules') {
      this._explanations.clear();
    }
    this.changed();
  }

  private _item: IItem | null = null;
  private _answers: Partial<IAnswers> = {};
  private _explanations = new Map<string, Explanation | Problem>();
  private _problem: Problem | null = null;
  private _look: IDisposable | null = null;
  private _changing = new Set<string>();
  private _aborter = new AbortController();
  private _changingAborter = new AbortController();
  private _seen = '';
}

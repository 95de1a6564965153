import type { IDisposable } from '@lumino/disposable';

import type { IItem } from '../did';
import { referenceURL } from '../did';
import type { LakeModel } from '../lake/model';
import type { IKnown, Statuses } from '../lake/statuses';
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
import { Answers } from './answers';
import { EndModel } from './endModel';
import { MetadataModel } from './metadataModel';
import { MoveModel } from './moveModel';

/**
 * All about the selected DID.
 */
export class DetailsModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
    this._answers = new Answers(lake, () => this.changed());
    lake.stateChanged.connect(this._onLake, this);
    lake.statuses.changed.connect(this._onStatus, this);
    lake.changes.lost.connect(this._onLost, this);
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
    return this._answers.get('metadata');
  }

  /**
   * The copies of the DID, by RSE.
   */
  get copies(): readonly Copies[] | null {
    return this._answers.get('copies');
  }

  /**
   * What holds the DID.
   */
  get parents(): readonly Entry[] | null {
    return this._answers.get('parents');
  }

  /**
   * All rules of the DID, also those that keep it elsewhere.
   */
  get rules(): readonly Rule[] | null {
    return this._answers.get('rules');
  }

  /**
   * Why the last act was refused, or why something could not be had.
   */
  get problem(): Problem | null {
    return this._refusal ?? this._answers.problem;
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
    return this._answers.explanation(rule);
  }

  /**
   * Ask why a rule is as it is.
   */
  async explain(rule: Rule): Promise<void> {
    if (this._item) {
      await this._answers.explain(this._item, rule);
    }
  }

  /**
   * The local paths of what is here of it; none where they cannot be had, which is a problem.
   */
  async listPaths(): Promise<string[]> {
    const { did, instance } = this._item!;
    this._refusal = null;
    try {
      const { settings } = this.lake;
      return await this.lake.guard(api.listPaths(settings, instance, did));
    } catch (error) {
      this._refusal = problemOf(error);
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
    this._refusal = null;
    if (item) {
      void this.lake.statuses.ask(item.instance, item.did);
      await this._answers.load(item);
    }
  }

  dispose(): void {
    this._look?.dispose();
    this._answers.stop();
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
    this._answers.clear();
    this._refusal = null;
    this._seen = '';
    this.onActive(this.isActive);
    this.changed();
    if (selected) {
      void this._answers.load(selected);
    }
  }

  /**
   * Rules and copies change together with the status: ask for them when it did.
   */
  private _onStatus(_: Statuses, known: IKnown): void {
    const { _item: item } = this;
    if (
      !this.isActive ||
      known.did !== item?.did ||
      known.instance !== item.instance
    ) {
      return;
    }
    const seen = JSON.stringify(known.status);
    if (!known.isAsking && !known.problem && this._answers.problem) {
      // What stood in the way is gone.
      void this._answers.load(item);
    } else if (!known.isAsking && this._seen && seen !== this._seen) {
      void this._answers.loadChanging(item);
    }
    if (!known.isAsking) {
      this._seen = seen;
    }
    this.changed();
  }

  /**
   * A rule may have come that changes nothing about the status.
   */
  private _onLost(): void {
    if (this.isActive && this._item) {
      void this._answers.loadChanging(this._item);
    }
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
    this._refusal = null;
    this.changed();
    let refusal: Problem | null = null;
    try {
      await this.lake.guard(act(this.lake.settings, item.instance));
    } catch (error) {
      refusal = problemOf(error);
    }
    this._changing.delete(rule.id);
    if (item === this._item) {
      this._refusal = refusal;
      void this.lake.statuses.ask(item.instance, item.did);
      await this._answers.loadChanging(item);
    }
    this.changed();
  }

  private _item: IItem | null = null;
  private readonly _answers: Answers;
  private _refusal: Problem | null = null;
  private _look: IDisposable | null = null;
  private _changing = new Set<string>();
  private _seen = '';
}

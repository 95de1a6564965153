import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import * as api from '../restapi';
import { Completion } from './completion';
import type { IFilter } from './filters';
import type { IStored } from './searches';
import { Searches } from './searches';

/**
 * What is asked of the lake, while it is written: text, type, filters, proposals, and searches of before.
 */
export abstract class Question extends Model {
  constructor(readonly lake: LakeModel) {
    super();
    const changed = () => this.changed();
    this.completion = new Completion(lake, changed);
    this.searches = new Searches(changed);
  }

  readonly completion: Completion;
  readonly searches: Searches;

  /**
   * How many rows a search asks for at first.
   */
  limit = 500;

  get text(): string {
    return this._text;
  }
  set text(value: string) {
    this._text = value;
    this.completion.close();
    this.changed();
  }

  get type(): api.ISearch['type'] {
    return this._type;
  }
  set type(value: api.ISearch['type']) {
    this._type = value;
    this._again();
  }

  /**
   * Conditions on metadata, which all must hold.
   */
  get filters(): readonly IFilter[] {
    return this._filters;
  }
  set filters(value: readonly IFilter[]) {
    this._filters = value;
    this._again();
  }

  /**
   * The metadata keys that can be searched by; they are asked for when somebody wants to choose one.
   */
  get keys(): readonly string[] {
    return this._keys;
  }

  /**
   * Counts what asks for the search box.
   */
  get focusRequests(): number {
    return this._focusRequests;
  }

  requestFocus(): void {
    this._focusRequests += 1;
    this.changed();
  }

  /**
   * The search that stands in the form.
   */
  get written(): IStored {
    return {
      instance: this.lake.instance?.name ?? '',
      text: this._text.trim(),
      type: this._type,
      filters: this._filters
    };
  }

  /**
   * What somebody types; what it may become is proposed.
   */
  write(text: string): void {
    this._text = text;
    this.completion.ask(text);
    this.changed();
  }

  /**
   * Take a proposal; a DID is searched for, a scope is gone on with.
   */
  take(option: string): void {
    const text = this.completion.complete(this._text, option);
    if (option.endsWith(':')) {
      this.write(text);
    } else {
      this.text = text;
      void this.search();
    }
  }

  /**
   * Make a search again.
   */
  async repeat({ filters, text, type }: IStored): Promise<void> {
    this.put(text, type, filters);
    await this.search();
  }

  /**
   * Ask for the keys that filters may name, once for an instance.
   */
  async askKeys(): Promise<void> {
    const { instance, settings } = this.lake;
    if (instance && this._keysOf !== instance.name) {
      this._keysOf = instance.name;
      // Without them one can type any key.
      this._keys = await api.listKeys(settings, instance.name).catch(() => []);
      this.changed();
    }
  }

  /**
   * Search for what stands in the form.
   */
  abstract search(): Promise<void>;

  /**
   * Whether something was searched for.
   */
  abstract get isAsked(): boolean;

  dispose(): void {
    this.completion.close();
    super.dispose();
  }

  /**
   * The text, the type or a filter changed: search again where something was searched for.
   */
  private _again(): void {
    this.changed();
    if (this.isAsked) {
      void this.search();
    }
  }

  protected put(
    text: string,
    type: api.ISearch['type'],
    filters: readonly IFilter[]
  ): void {
    this._type = type;
    this._filters = filters;
    this.text = text;
  }

  private _text = '';
  private _type: api.ISearch['type'] = 'all';
  private _filters: readonly IFilter[] = [];
  private _keys: readonly string[] = [];
  private _keysOf: string | null = null;
  private _focusRequests = 0;
}

import { toPattern } from '../../did';
import { LifetimeForm } from '../../form';
import type { LakeModel } from '../../lake/model';
import { listScopes, publish } from '../../restapi';
import type { InstanceInfo, Job } from '../../schema';
import type { Attachments } from '../attachments';
import { didsIn } from '../cellsOf';

const YEAR = 365 * 86400;

/**
 * Publishing a notebook in the lake, with all that it takes to repeat it.
 */
export class PublishModel extends LifetimeForm {
  constructor(
    private readonly lake: LakeModel,
    private readonly attachments: Attachments
  ) {
    super('endless', YEAR);
    this.instance = lake.instance;
    this.path = attachments.panel.context.path;
    this.attached = [...new Set(attachments.records.map(({ did }) => did))];
    const named = didsIn(attachments.panel);
    this.named = named.filter(
      text => !this.attached.includes(toPattern(text).pattern)
    );
    this._ticked = new Set(this.named);
    this.loaded = this._load();
  }

  readonly instance: InstanceInfo | null;
  readonly path: string;

  /**
   * The DIDs of the notebook's record: they are inputs in any case.
   */
  readonly attached: readonly string[];

  /**
   * The other DIDs that its cells name.
   */
  readonly named: readonly string[];

  /**
   * Resolves when the scopes were asked for.
   */
  readonly loaded: Promise<void>;

  get scopes(): readonly string[] | null {
    return this._scopes;
  }

  get scope(): string {
    return this._scope;
  }
  set scope(value: string) {
    this._scope = value;
    this.edited();
  }

  /**
   * The name of the dataset; without one the library makes one of the contents.
   */
  get name(): string {
    return this._name;
  }
  set name(value: string) {
    this._name = value;
    this.edited();
  }

  get nameFault(): boolean {
    return /[\s*]/.test(this._name.trim());
  }

  isTicked(did: string): boolean {
    return this._ticked.has(did);
  }

  tick(did: string, isInput: boolean): void {
    if (isInput) {
      this._ticked.add(did);
    } else {
      this._ticked.delete(did);
    }
    this.edited();
  }

  /**
   * The job that was made.
   */
  get job(): Job | null {
    return this._job;
  }

  get isValid(): boolean {
    return (
      this.instance !== null &&
      this._scope !== '' &&
      !this.nameFault &&
      super.isValid
    );
  }

  /**
   * Whether it is published although something in it looks like a secret.
   */
  get isSure(): boolean {
    return this._isSure;
  }
  set isSure(value: boolean) {
    this._isSure = value;
    this.changed();
  }

  protected edited(): void {
    // What was looked through before is another publication.
    this._isSure = false;
    super.edited();
  }

  protected async send(): Promise<void> {
    const { context } = this.attachments.panel;
    if (context.model.dirty) {
      // What is published is the file.
      await context.save();
    }
    const name = this._name.trim();
    this._job = await this.lake.guard(
      publish(this.lake.settings, this.instance!.name, {
        notebook: this.path,
        scope: this._scope,
        ...(name ? { name } : {}),
        ...this.term,
        ...(this._isSure ? { even_with_secrets: true } : {}),
        inputs: this.named.filter(did => this._ticked.has(did))
      })
    );
  }

  private async _load(): Promise<void> {
    const { lake } = this;
    if (!this.instance) {
      return;
    }
    try {
      this._scopes = await lake.guard(
        listScopes(lake.settings, this.instance.name)
      );
      this._scope = this._scope || (this._scopes[0] ?? '');
      this.changed();
    } catch (error) {
      this.lacks(error);
    }
  }

  private _scopes: string[] | null = null;
  private _scope = '';
  private _name = '';
  private _ticked: Set<string>;
  private _job: Job | null = null;
  private _isSure = false;
}

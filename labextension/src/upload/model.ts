import { LifetimeForm } from '../form';
import type { LakeModel } from '../lake/model';
import * as api from '../restapi';
import type { InstanceInfo, Job, Problem, RSE, UploadRequest } from '../schema';

const MONTH = 30 * 86400;

/**
 * The fields of the form, as problems name them.
 */
export type Field = 'scope' | 'name' | 'dataset' | 'lifetime' | 'rse';

/**
 * A file or folder of the file browser.
 */
export interface IChosen {
  path: string;
  name: string;
  size: number | null;
  isFolder?: boolean;
}

/**
 * What becomes of a file whose name is taken by another one.
 */
export type Duplicates = NonNullable<UploadRequest['duplicates']>;

/**
 * Putting files and folders of the file browser into the lake; a single file may get another name.
 */
export class UploadModel extends LifetimeForm {
  constructor(
    private readonly lake: LakeModel,
    chosen: IChosen | readonly IChosen[]
  ) {
    super('endless', MONTH);
    this.chosen = [chosen].flat();
    this.file = this.chosen[0];
    this.instance = lake.instance;
    this._name = this.file.name.replace(/\s+/g, '_');
    this._loaded = this._load();
  }

  readonly chosen: readonly IChosen[];
  readonly file: IChosen;
  readonly instance: InstanceInfo | null;

  /**
   * Whether there are several files, or a folder of them: each keeps its name.
   */
  get isSeveral(): boolean {
    return this.chosen.length > 1 || this.file.isFolder === true;
  }

  get duplicates(): Duplicates {
    return this._duplicates;
  }
  set duplicates(value: Duplicates) {
    this._duplicates = value;
    this.edited();
  }

  get scope(): string {
    return this._scope;
  }
  set scope(value: string) {
    this._scope = value;
    this.edited();
  }

  get name(): string {
    return this._name;
  }
  set name(value: string) {
    this._name = value;
    this.edited();
  }

  get dataset(): string {
    return this._dataset;
  }
  set dataset(value: string) {
    this._dataset = value;
    this.edited();
  }

  get rse(): string {
    return this._rse;
  }
  set rse(value: string) {
    this._rse = value;
    this.edited();
  }

  /**
   * The scopes that one may write to; null while they are asked for.
   */
  get scopes(): readonly string[] | null {
    return this._scopes;
  }

  /**
   * Where one may write.
   */
  get rses(): readonly RSE[] {
    return this._rses;
  }

  /**
   * The field that a problem is about; null for what is no field's fault.
   */
  get wrongField(): Field | null {
    const dataset = this._dataset.trim();
    return (
      this.problem && fieldOf(this.problem, dataset && this._inScope(dataset))
    );
  }

  /**
   * The job that was made.
   */
  get job(): Job | null {
    return this._job;
  }

  get did(): string {
    return `${this._scope}:${this._name.trim()}`;
  }

  /**
   * What is wrong with a name before anybody is asked.
   */
  get nameFault(): 'missing' | 'form' | null {
    const name = this._name.trim();
    if (this.isSeveral) {
      return null;
    }
    return name === '' ? 'missing' : /[\s*]/.test(name) ? 'form' : null;
  }

  get datasetFault(): 'form' | null {
    return /[\s*]/.test(this._dataset.trim()) ? 'form' : null;
  }

  get isValid(): boolean {
    return (
      this.instance !== null &&
      this._scope !== '' &&
      this.nameFault === null &&
      this.datasetFault === null &&
      super.isValid
    );
  }

  /**
   * Resolves when scopes and RSEs were asked for.
   */
  get loaded(): Promise<void> {
    return this._loaded;
  }

  protected async send(): Promise<void> {
    const dataset = this._dataset.trim();
    const request = {
      ...(this.isSeveral
        ? {
            paths: this.chosen.map(({ path }) => path),
            scope: this._scope,
            duplicates: this._duplicates
          }
        : { path: this.file.path, did: this.did }),
      ...(dataset ? { dataset: this._inScope(dataset) } : {}),
      ...this.term,
      ...(this._rse ? { rse: this._rse } : {})
    };
    const { settings } = this.lake;
    const { name } = this.instance!;
    this._job = await this.lake.guard(api.upload(settings, name, request));
  }

  private _inScope(dataset: string): string {
    return dataset.includes(':') ? dataset : `${this._scope}:${dataset}`;
  }

  private async _load(): Promise<void> {
    const { settings } = this.lake;
    const instance = this.instance?.name;
    if (!instance) {
      return;
    }
    const [scopes, rses] = await Promise.all([
      this.lake.guard(api.listScopes(settings, instance)).catch(error => {
        this.lacks(error);
        return [];
      }),
      // Without this list the instance's own RSE serves.
      api.listRSEs(settings, instance).catch(() => [])
    ]);
    this._scopes = scopes;
    this._scope = this._scope || (scopes[0] ?? '');
    this._rses = rses.filter(({ writable }) => writable);
    this.changed();
  }

  private _scope = '';
  private _name: string;
  private _dataset = '';
  private _duplicates: Duplicates = 'fail';
  private _rse = '';
  private _scopes: string[] | null = null;
  private _rses: RSE[] = [];
  private _job: Job | null = null;
  private _loaded: Promise<void>;
}

const FIELDS: { [key: string]: Field } = {
  scope: 'scope',
  did: 'name',
  name: 'name',
  dataset: 'dataset',
  lifetime: 'lifetime',
  until: 'lifetime',
  rse: 'rse'
};

function fieldOf(problem: Problem, dataset: string): Field | null {
  const named = FIELDS[String(problem.details.field ?? '')];
  if (named) {
    return named;
  }
  if (dataset && problem.blame === 'you' && isNamed(problem, dataset)) {
    return 'dataset';
  }
  switch (problem.error) {
    case 'ScopeNotFound':
      return 'scope';
    case 'DataIdentifierAlreadyExists':
    case 'InvalidDID':
      return 'name';
    case 'DataIdentifierNotFound':
      return dataset ? 'dataset' : 'name';
    case 'InvalidLifetime':
      return 'lifetime';
    case 'RSENotFound':
    case 'InsufficientAccountLimit':
      return 'rse';
    default:
      return null;
  }
}

/**
 * Whether a problem speaks of a DID, and not of one that begins with its name.
 */
function isNamed(problem: Problem, did: string): boolean {
  return problem.message
    .split(/[\s'"]+/)
    .some(word => word === did || word.replace(/[.,;:]+$/, '') === did);
}

import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import * as api from '../restapi';
import type { Cleaned, InstanceInfo } from '../schema';

/**
 * Deleting copies from the cache on this server's disk.
 */
export class CleanModel extends Form {
  constructor(private readonly lake: LakeModel) {
    super();
    this.instance = lake.instance;
  }

  readonly instance: InstanceInfo | null;
  readonly isValid = true;

  /**
   * For how long the files were not used; nothing for all.
   */
  get age(): string {
    return this._age;
  }
  set age(value: string) {
    this._age = value;
    this.edited();
  }

  /**
   * Whether only the chosen instance's files go.
   */
  get isOnlyOwn(): boolean {
    return this._isOnlyOwn;
  }
  set isOnlyOwn(value: boolean) {
    this._isOnlyOwn = value;
    this.edited();
  }

  /**
   * What was deleted.
   */
  get cleaned(): Cleaned | null {
    return this._cleaned;
  }

  protected async send(): Promise<void> {
    const { instance, lake } = this;
    this._cleaned = await api.cleanCache(lake.settings, {
      ...(this._age ? { older_than: this._age } : {}),
      ...(instance && this._isOnlyOwn ? { instance: instance.name } : {})
    });
    void lake.use.refresh();
    // What was read from the cache is no longer there.
    void lake.statuses.refresh();
  }

  private _age = '30d';
  private _isOnlyOwn = false;
  private _cleaned: Cleaned | null = null;
}

import type { IItem } from '../did';
import { splitDID } from '../did';
import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import type { IKnown } from '../lake/statuses';
import * as api from '../restapi';
import type { Job } from '../schema';

/**
 * Bringing a DID to this server: into a folder of the file browser, or into the cache.
 */
export class DownloadModel extends Form {
  constructor(
    private readonly lake: LakeModel,
    readonly item: IItem,
    folder: string | null
  ) {
    super();
    this._place = folder === null ? 'cache' : 'folder';
    const own = splitDID(item.did).name.replace(/[^\w.-]+/g, '_');
    // The files of a collection have a folder of their own, so that they are found and deleted together.
    this._folder =
      item.type === 'file'
        ? (folder ?? '')
        : [folder, own].filter(Boolean).join('/');
    this._look = lake.statuses.look(item.instance, item.did);
    lake.statuses.changed.connect(this.changed, this);
  }

  get place(): 'folder' | 'cache' {
    return this._place;
  }
  set place(value: 'folder' | 'cache') {
    this._place = value;
    this.edited();
  }

  get folder(): string {
    return this._folder;
  }
  set folder(value: string) {
    this._folder = value;
    this.edited();
  }

  get overwrite(): boolean {
    return this._overwrite;
  }
  set overwrite(value: boolean) {
    this._overwrite = value;
    this.edited();
  }

  /**
   * What is known of its size.
   */
  get known(): IKnown {
    return this.lake.statuses.get(this.item.instance, this.item.did);
  }

  /**
   * The job that was made.
   */
  get job(): Job | null {
    return this._job;
  }

  get isValid(): boolean {
    return true;
  }

  dispose(): void {
    this._look.dispose();
    super.dispose();
  }

  protected async send(): Promise<void> {
    const { did, instance } = this.item;
    const request =
      this._place === 'cache'
        ? { did }
        : { did, folder: this._folder.trim(), overwrite: this._overwrite };
    this._job = await this.lake.guard(
      api.download(this.lake.settings, instance, request)
    );
  }

  private _place: 'folder' | 'cache';
  private _folder: string;
  private _overwrite = false;
  private _job: Job | null = null;
  private readonly _look: { dispose(): void };
}

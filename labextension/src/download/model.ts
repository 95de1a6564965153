import type { IItem } from '../did';
import { splitDID } from '../did';
import { Form } from '../form';
import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Job, Problem } from '../schema';

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
  }

  get place(): 'folder' | 'cache' {
    return this._place;
  }
  set place(value: 'folder' | 'cache') {
    this._place = value;
    this._edited();
  }

  get folder(): string {
    return this._folder;
  }
  set folder(value: string) {
    this._folder = value;
    this._edited();
  }

  get overwrite(): boolean {
    return this._overwrite;
  }
  set overwrite(value: boolean) {
    this._overwrite = value;
    this._edited();
  }

  get size(): { files: number | null; bytes: number | null } {
    const { did, instance } = this.item;
    const { status } = this.lake.statuses.get(instance, did);
    return { files: status?.files ?? null, bytes: status?.bytes ?? null };
  }

  get problem(): Problem | null {
    return this._problem;
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

  protected async send(): Promise<boolean> {
    const { did, instance } = this.item;
    const request =
      this._place === 'cache'
        ? { did }
        : { did, folder: this._folder.trim(), overwrite: this._overwrite };
    this._problem = null;
    try {
      const { settings } = this.lake;
      this._job = await this.lake.guard(
        api.download(settings, instance, request)
      );
    } catch (error) {
      this._problem = problemOf(error);
      return false;
    }
    return true;
  }

  private _edited(): void {
    this._problem = null;
    this.changed();
  }

  private _place: 'folder' | 'cache';
  private _folder: string;
  private _overwrite = false;
  private _problem: Problem | null = null;
  private _job: Job | null = null;
}

import type { Contents } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { splitDID } from '../did';
import type { LakeModel } from '../lake/model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { Entry } from '../schema';
import type { IPlace } from './paths';
import { pathOf, placeOf, restOf } from './paths';

/**
 * What stands before the colon of the drive's paths.
 */
export const DRIVE = 'Rucio';

/**
 * The lake as a drive for reading: scopes, and what they hold.
 *
 * Its name stands before a colon, so no path holds one.
 */
export class LakeDrive implements Contents.IDrive {
  constructor(
    private readonly lake: LakeModel,
    private readonly rows: () => number,
    private readonly refusal: string
  ) {
    this.serverSettings = lake.settings;
  }

  readonly name = DRIVE;
  readonly serverSettings: Contents.IDrive['serverSettings'];

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  async get(
    path: string,
    options?: Contents.IFetchOptions
  ): Promise<Contents.IModel> {
    const place = placeOf(path);
    if (!place.scope) {
      return folder(path, await this._scopes());
    }
    if (options?.content === false) {
      return folder(path, null);
    }
    try {
      return folder(path, await this._list(place));
    } catch (error) {
      const { message, remedy } = problemOf(error);
      throw new Error(`${message} ${remedy}`.trim());
    }
  }

  getDownloadUrl(): Promise<string> {
    return this._refuse();
  }

  newUntitled(): Promise<Contents.IModel> {
    return this._refuse();
  }

  delete(): Promise<void> {
    return this._refuse();
  }

  rename(): Promise<Contents.IModel> {
    return this._refuse();
  }

  save(): Promise<Contents.IModel> {
    return this._refuse();
  }

  copy(): Promise<Contents.IModel> {
    return this._refuse();
  }

  createCheckpoint(): Promise<Contents.ICheckpointModel> {
    return this._refuse();
  }

  listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  restoreCheckpoint(): Promise<void> {
    return this._refuse();
  }

  deleteCheckpoint(): Promise<void> {
    return this._refuse();
  }

  /**
   * The root never fails: JupyterLab would ask for it again and again without a pause.
   */
  private async _scopes(): Promise<Contents.IModel[]> {
    try {
      await this.lake.refresh();
      const { instance, settings } = this.lake;
      if (!instance) {
        return [];
      }
      const [own, others] = await Promise.all([
        api.listScopes(settings, instance.name),
        api.complete(settings, instance.name, '', 100).catch(() => [])
      ]);
      const known = others
        .filter(text => text.endsWith(':'))
        .map(text => text.slice(0, -1));
      return [...new Set([...own, ...known])].map(scope => folder(scope, null));
    } catch {
      return [];
    }
  }

  /**
   * A page of what a scope or a collection holds.
   */
  private async _list(place: IPlace): Promise<Contents.IModel[]> {
    const { name, offset, scope } = place;
    const { instance, settings } = this.lake;
    const limit = this.rows();
    const { signal } = new AbortController();
    const search = {
      pattern: `${scope}:*`,
      type: 'collection' as const,
      limit: offset + limit
    };
    const contents = { did: `${scope}:${name}`, limit, offset };
    const rows = name
      ? api.listContents(settings, instance!.name, contents, signal)
      : api.searchDIDs(settings, instance!.name, search, signal);
    let found: Entry[] = [];
    let next = await rows.next();
    for (; !next.done; next = await rows.next()) {
      found = found.concat(next.value);
    }
    const items = found.slice(name ? 0 : offset).map(model);
    return next.value
      ? [...items, folder(restOf(place, offset + limit), null)]
      : items;
  }

  private _refuse(): Promise<never> {
    return Promise.reject(new Error(this.refusal));
  }

  private _isDisposed = false;
  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
}

function model(entry: Entry): Contents.IModel {
  const { bytes, did, type } = entry;
  const isFile = type === 'file';
  return {
    ...folder(pathOf(did), null),
    name: splitDID(did).name,
    type: isFile ? 'file' : 'directory',
    ...(isFile && bytes !== null ? { size: bytes } : {})
  };
}

function folder(
  path: string,
  content: Contents.IModel[] | null
): Contents.IModel {
  return {
    name: path.split('/').pop() ?? '',
    path,
    type: 'directory',
    writable: false,
    created: '',
    last_modified: '',
    mimetype: '',
    content,
    format: content ? 'json' : null
  };
}

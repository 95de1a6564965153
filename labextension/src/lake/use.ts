import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { CacheUse, Problem, Usage } from '../schema';
import type { LakeModel } from './model';

/**
 * So little of a disk or a quota left is worth a warning.
 */
const LITTLE = 0.1;

/**
 * What one uses: the quota by RSE, and the disk on which the cache lies.
 */
export class UseModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
  }

  /**
   * By RSE, the fullest first; null while it is not known.
   */
  get usage(): readonly Usage[] | null {
    return this._instance === this.lake.instance?.name ? this._usage : null;
  }

  /**
   * The folders of the cache; null while they are not known.
   */
  get caches(): readonly CacheUse[] | null {
    return this._caches;
  }

  /**
   * Why the quota is not known.
   */
  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * The quota of the RSEs to which this instance writes.
   */
  get own(): readonly Usage[] {
    const { destination_rse: here, upload_rse: there } =
      this.lake.instance ?? {};
    return (this.usage ?? []).filter(
      ({ limit, rse }) => limit !== null && (rse === here || rse === there)
    );
  }

  /**
   * Ask for both; who asks meanwhile gets the same answer.
   */
  refresh(): Promise<void> {
    this._asked ??= this._refresh().finally(() => {
      this._asked = null;
    });
    return this._asked;
  }

  private async _refresh(): Promise<void> {
    const { instance, isUsable, settings } = this.lake;
    const caches = api.listCaches(settings).catch(() => this._caches);
    if (instance && isUsable) {
      try {
        const usage = await api.getUsage(settings, instance.name);
        this._usage = usage.sort((a, b) => share(b) - share(a));
        this._problem = null;
      } catch (error) {
        this._usage = null;
        this._problem = problemOf(error);
      }
      this._instance = instance.name;
    }
    this._caches = await caches;
    this.changed();
  }

  private _asked: Promise<void> | null = null;
  private _instance: string | null = null;
  private _usage: Usage[] | null = null;
  private _caches: CacheUse[] | null = null;
  private _problem: Problem | null = null;
}

/**
 * How much of a quota is used, from 0.
 */
export function share({ bytes, limit }: Usage): number {
  return limit === null ? -1 : bytes / Math.max(limit, 1);
}

/**
 * Whether a quota is nearly used up.
 */
export function isTight(usage: Usage): boolean {
  return share(usage) > 1 - LITTLE;
}

/**
 * Whether the disk of a cache is nearly full.
 */
export function isNearlyFull({ free_bytes, total_bytes }: CacheUse): boolean {
  return free_bytes !== null && free_bytes < LITTLE * (total_bytes ?? 0);
}

import type { IKnown, Statuses } from './statuses';

interface ISeen {
  at: number;
  done: number;
}

/**
 * How fast DIDs arrive, by what was seen of it; nothing is said before it has moved once.
 */
export class Pace {
  constructor(statuses: Statuses) {
    statuses.changed.connect(this._onKnown, this);
  }

  /**
   * When the rest will have come if it goes on like this; null where nobody can tell.
   */
  end(instance: string, did: string, now = Date.now()): Date | null {
    const seen = this._seen.get(`${instance}@${did}`);
    if (!seen) {
      return null;
    }
    const { first, last, of } = seen;
    const rate = (last.done - first.done) / (last.at - first.at);
    const end = last.at + (of - last.done) / rate;
    return Number.isFinite(end) && end > now ? new Date(end) : null;
  }

  private _onKnown(_: Statuses, known: IKnown): void {
    const { did, instance, isAsking, status } = known;
    const key = `${instance}@${did}`;
    if (isAsking) {
      return;
    }
    if (status?.state !== 'replicating') {
      this._seen.delete(key);
      return;
    }
    const done = status.bytes ? status.available_bytes : status.available_files;
    const of = status.bytes || status.files || 0;
    const seen = this._seen.get(key);
    const now = { at: Date.now(), done };
    if (!seen || seen.of !== of || done < seen.last.done) {
      this._seen.set(key, { first: now, last: now, of });
    } else if (done > seen.last.done) {
      seen.last = now;
    }
  }

  private _seen = new Map<string, { first: ISeen; last: ISeen; of: number }>();
}

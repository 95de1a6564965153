// What the provider remembers (sessions, grants, refresh tokens), in one file of the lake, so that a
// restart ends nobody's login.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const SAVE_MILLISECONDS = 50;

const seconds = () => Math.floor(Date.now() / 1000);

export class Store {
  constructor(path) {
    this.path = path;
    this.rows = new Map(load(path));
    this.timer = null;
  }

  /** The row of this key unless its time is over. */
  get(key) {
    const row = this.rows.get(key);
    return row && row.until > seconds() ? row.payload : undefined;
  }

  /** The first payload of a model that fits. */
  find(model, fits) {
    for (const key of this.rows.keys()) {
      const payload = key.startsWith(`${model}:`) ? this.get(key) : undefined;
      if (payload && fits(payload)) {
        return payload;
      }
    }
    return undefined;
  }

  set(key, payload, lifetime) {
    this.rows.set(key, { payload, until: seconds() + lifetime });
    this.changed();
  }

  delete(key) {
    this.rows.delete(key);
    this.changed();
  }

  deleteGrant(grantId) {
    for (const [key, { payload }] of this.rows) {
      if (payload.grantId === grantId) {
        this.rows.delete(key);
      }
    }
    this.changed();
  }

  changed() {
    this.timer ??= setTimeout(() => this.save(), SAVE_MILLISECONDS);
  }

  save() {
    clearTimeout(this.timer);
    this.timer = null;
    const now = seconds();
    for (const [key, { until }] of this.rows) {
      if (until <= now) {
        this.rows.delete(key);
      }
    }
    writeFileSync(`${this.path}.new`, JSON.stringify([...this.rows]), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  /** The class by which oidc-provider stores one kind of things here. */
  adapter() {
    const store = this;
    return class {
      constructor(model) {
        this.model = model;
      }

      key(id) {
        return `${this.model}:${id}`;
      }

      async upsert(id, payload, lifetime) {
        store.set(this.key(id), payload, lifetime ?? 86400);
      }

      async find(id) {
        return store.get(this.key(id));
      }

      async findByUid(uid) {
        return store.find(this.model, payload => payload.uid === uid);
      }

      async findByUserCode(code) {
        return store.find(this.model, payload => payload.userCode === code);
      }

      async consume(id) {
        const payload = store.get(this.key(id));
        if (payload) {
          payload.consumed = seconds();
          store.changed();
        }
      }

      async destroy(id) {
        store.delete(this.key(id));
      }

      async revokeByGrantId(grantId) {
        store.deleteGrant(grantId);
      }
    };
  }
}

function load(path) {
  try {
    return JSON.parse(readFileSync(path));
  } catch {
    return [];
  }
}

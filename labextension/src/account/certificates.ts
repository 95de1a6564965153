import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import * as api from '../restapi';
import type { CertificateFile, LoginRequest, Problem } from '../schema';

/**
 * The certificates and proxies to choose from; a passphrase never comes here.
 */
export class CertificatesModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
  }

  /**
   * What was found on the server; null while that is not known.
   */
  get found(): readonly CertificateFile[] | null {
    return this._of === this.lake.instance?.name ? this._found : null;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  /**
   * The one that is chosen; null where it is another file.
   */
  get chosen(): CertificateFile | null {
    const all = this.found ?? [];
    return this._path === OTHER
      ? null
      : (all.find(({ path }) => path === this._path) ??
          all.find(({ problem }) => problem === null) ??
          null);
  }

  get path(): string {
    return this._otherPath;
  }
  set path(value: string) {
    this._otherPath = value;
    this.changed();
  }

  get key(): string {
    return this._otherKey;
  }
  set key(value: string) {
    this._otherKey = value;
    this.changed();
  }

  /**
   * Whether a passphrase may be needed: of another file that is not known.
   */
  get mayBeEncrypted(): boolean {
    return this.chosen?.encrypted ?? true;
  }

  /**
   * Whether one can log in with what is chosen.
   */
  get isValid(): boolean {
    return this.chosen
      ? this.chosen.problem === null
      : this._otherPath.trim() !== '';
  }

  choose(file: CertificateFile | null): void {
    this._path = file?.path ?? OTHER;
    this.changed();
  }

  /**
   * Ask the server which there are.
   */
  async refresh(): Promise<void> {
    const name = this.lake.instance?.name;
    if (!name) {
      return;
    }
    try {
      const found = await api.listCertificates(this.lake.settings, name);
      [this._found, this._problem] = [found, null];
    } catch (error) {
      [this._found, this._problem] = [[], problemOf(error)];
    }
    this._of = name;
    this.changed();
  }

  /**
   * What a login with the chosen one is asked for by.
   */
  request(): LoginRequest {
    const { chosen } = this;
    if (chosen) {
      const method = chosen.kind === 'proxy' ? 'x509_proxy' : 'x509';
      return { method, certificate: chosen.path, key: chosen.key };
    }
    const key = this._otherKey.trim() || null;
    return { method: 'x509', certificate: this._otherPath.trim(), key };
  }

  private _found: CertificateFile[] = [];
  private _problem: Problem | null = null;
  private _of: string | null = null;
  private _path: string | null = null;
  private _otherPath = '';
  private _otherKey = '';
}

/**
 * No path: another file is meant.
 */
const OTHER = '';

import type { LakeModel } from '../lake/model';
import { Model } from '../model';
import { problemOf } from '../problems';
import type { InstanceInfo, LoginRequest, Problem } from '../schema';

/**
 * Which instance one works with, and as whom.
 */
export class AccountModel extends Model {
  constructor(private readonly lake: LakeModel) {
    super();
    lake.stateChanged.connect(this.changed, this);
  }

  get phase(): LakeModel['phase'] {
    return this.lake.phase;
  }

  get instances(): readonly InstanceInfo[] {
    return this.lake.instances;
  }

  get instance(): InstanceInfo | null {
    return this.lake.instance;
  }

  /**
   * What went wrong: with the server, or with the last login or logout.
   */
  get problem(): Problem | null {
    return this.lake.problem ?? this._problem;
  }

  /**
   * Whether a login or logout is on its way.
   */
  get isBusy(): boolean {
    return this._isBusy;
  }

  choose(name: string): void {
    this._problem = null;
    this.lake.choose(name);
  }

  retry(): Promise<void> {
    return this.lake.refresh();
  }

  /**
   * Log in; without a name and password as the server is configured to.
   */
  login(request?: LoginRequest): Promise<boolean> {
    return this._do(name => this.lake.login(name, request));
  }

  logout(): Promise<boolean> {
    return this._do(name => this.lake.logout(name));
  }

  private async _do(act: (name: string) => Promise<void>): Promise<boolean> {
    const name = this.instance?.name;
    if (!name || this._isBusy) {
      return false;
    }
    this._isBusy = true;
    this._problem = null;
    this.changed();
    try {
      await act(name);
      return true;
    } catch (error) {
      // Not where another instance has been chosen meanwhile.
      if (this.instance?.name === name) {
        this._problem = problemOf(error);
      }
      return false;
    } finally {
      this._isBusy = false;
      this.changed();
    }
  }

  private _isBusy = false;
  private _problem: Problem | null = null;
}
